// The tokenizers of sacrebleu (Post 2018) that need no language. They split a sentence into the
// tokens whose n-grams BLEU counts.
//
//   - 13a, as NIST's mteval-v13a, replaces four SGML entities and separates ASCII punctuation and
//     symbols from their neighbours, but a period or comma not between digits, and a dash only
//     after a digit.
//   - intl, as mteval-v14, separates every symbol (Unicode's category S), and punctuation (P) on
//     each side on which the neighbour is no number (N).
//   - none splits at white space only.
//   - char makes a token of every character that is no white space.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace edgeval {

enum class Tokenizer { k13a, kIntl, kNone, kChar };

// Names of the tokenizers, in the order of the enum.
inline const std::vector<std::string> kTokenizerNames{"13a", "intl", "none", "char"};

// Returns the tokens of a sentence, which is one line.
std::vector<std::string> tokenize(Tokenizer tokenizer, std::string_view sentence);

}  // namespace edgeval
