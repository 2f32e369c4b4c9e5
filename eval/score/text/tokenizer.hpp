// The tokenizers of sacrebleu (Post 2018) that need no language: how a sentence becomes the tokens
// whose n-grams BLEU counts.
//
//   - 13a: NIST's mteval-v13a. Undoes four entities of SGML; parts ASCII's punctuation and symbols
//     from what stands around; period and comma not between digits, a dash only behind a digit
//   - intl: mteval-v14. Parts punctuation (Unicode's category P) where the neighbour on that side
//   is
//     no number (N), and every symbol (S)
//   - none: white space alone
//   - char: every character that is no white space
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace edgeval {

enum class Tokenizer { k13a, kIntl, kNone, kChar };

// In the order of the enum.
inline const std::vector<std::string> kTokenizerNames{"13a", "intl", "none", "char"};

// The tokens of a sentence, which is one line.
std::vector<std::string> tokenize(Tokenizer tokenizer, std::string_view sentence);

}  // namespace edgeval
