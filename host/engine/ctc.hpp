// Greedy CTC decoding: the best token of every frame, repeats merged, blanks removed (Graves et al.
// 2006, section 3.2).
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace edgeval {

// Returns the ids of the decoded tokens, at most T. best: the token with the greatest output of
// each of T frames (first_greatest).
std::vector<int> ctc_collapse(std::span<const std::int32_t> best, int blank);

// Returns what each token stands for in a text. Vocabularies write the space between words in
// several ways: <space> (ESPnet, in any case of its letters) and U+2581 anywhere in a token
// (SentencePiece) become spaces. The token | (wav2vec 2.0) becomes one if no other token is or
// holds a space.
std::vector<std::string> token_texts(std::span<const std::string> tokens);

// Returns the tokens `ids` joined to a text, with one space between its words. tokens: what
// token_texts returns.
std::string tokens_to_text(std::span<const int> ids, std::span<const std::string> tokens);

}  // namespace edgeval
