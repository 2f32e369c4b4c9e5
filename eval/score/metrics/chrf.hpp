// chrF2 and chrF2++ of a test set (Popović 2015, 2017), equal to sacrebleu's to the last printed
// digit: the F score of character n-grams, n = 1 … 6, and for chrF2++ of word 1-grams and 2-grams
// too, recall counting twice as much,
//
//   chrF = 100 (1 + 4) P R / (4 P + R)
//
// P and R are means of precisions and recalls over the orders that occur in both texts. White space
// is no character. Words lose one mark of ASCII's punctuation, at their end or else at their front.
// Of several references a sentence takes the one with the best score of its own.
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

// For each order [n-grams of the hypothesis, of the reference, of both]: [sentences, 3 (6 + word
// order)].
Statistics chrf_statistics(References references, std::span<const std::string> hypotheses,
                           const ChrfOptions& options);

double chrf_score(std::span<const double> sums);

// "chrF2", with a + for each word order.
std::string chrf_name(const ChrfOptions& options);

// "nrefs:1|case:mixed|eff:yes|nc:6|nw:0|space:no|version:2.6.0"
std::string chrf_signature(const ChrfOptions& options, std::size_t references);

}  // namespace edgeval
