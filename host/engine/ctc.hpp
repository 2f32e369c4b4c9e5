// Greedy CTC decoding: the best token of every frame, repeats merged, blanks removed (Graves et al.
// 2006, section 3.2).
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace edgeval {

// best: the token of each of T frames with the greatest output (first_greatest). Returns at most T
// ids.
std::vector<int> ctc_collapse(std::span<const std::int32_t> best, int blank);

// What the tokens stand for in a text, where vocabularies write the space between words otherwise:
// <space> (ESPnet; any case) and U+2581 at a word's beginning or anywhere else in a piece
// (SentencePiece) are spaces; | (wav2vec 2.0) is one where no token is, or holds, another.
std::vector<std::string> token_texts(std::span<const std::string> tokens);

// The tokens one after the other; a space ends a word. Words come single-spaced.
std::string tokens_to_text(std::span<const int> ids, std::span<const std::string> tokens);

}  // namespace edgeval
