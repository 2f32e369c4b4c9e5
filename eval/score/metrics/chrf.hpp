// Computes chrF2 and chrF2++ of a test set (Popović 2015, 2017). They equal sacrebleu's scores to
// the last printed digit. The score is the F score of character n-grams, n = 1 … 6, and for chrF2++
// of word 1-grams and 2-grams, too, in which recall counts twice as much as precision:
//
//   chrF = 100 (1 + 4) P R / (4 P + R)
//
// P and R are the means of precisions and recalls over the orders that both texts have. White space
// is no character. One ASCII punctuation mark at the end of a word, or else at its front, becomes a
// word of its own. Of several references a sentence takes the one that gives it the best score.
#pragma once

#include <span>
#include <string>

#include "eval/score/metrics/bleu.hpp"
#include "eval/score/statistics/statistics.hpp"

namespace edgeval {

struct ChrfOptions {
  int word_order = 0;  // 2: chrF2++
  bool lower_case = false;
};

inline constexpr int kChrfCharacterOrder = 6;

// Returns the statistics [sentences, 3 (6 + word order)]: for each order the number of n-grams in
// the hypothesis, in the reference and in both.
Statistics chrf_statistics(References references, std::span<const std::string> hypotheses,
                           const ChrfOptions& options);

// Returns the score, 0 to 100, of sums of statistics.
double chrf_score(std::span<const double> sums);

// Returns "chrF2" with a + for each word order.
std::string chrf_name(const ChrfOptions& options);

// Returns "nrefs:1|case:mixed|eff:yes|nc:6|nw:0|space:no|version:2.6.0".
std::string chrf_signature(const ChrfOptions& options, std::size_t references);

}  // namespace edgeval
