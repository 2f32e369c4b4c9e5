// Tests whether two systems that translated or transcribed the same sentences differ by more than
// chance, for any score of summed statistics. Both tests are those of sacrebleu (Post 2018; after
// Koehn 2004, and Riezler and Maxwell 2005), except that ties count here. Let D be
// |score(A) - score(B)| of the whole set.
//   paired bootstrap           Every resample draws the same sentences for both systems. With
//                              d = |score(A*) - score(B*)| of a resample,
//                              p = (1 + resamples with d - mean(d) >= D) / (1 + resamples),
//                              and p = 1 for D = 0.
//   approximate randomization  Every trial swaps the outputs of each sentence with probability 1/2;
//                              p = (1 + trials with |score(A') - score(B')| >= D) / (1 + trials).
// Where few sentences differ, many trials differ by exactly D. Without these ties, which sacrebleu
// leaves out, a single sentence would seem significant (Noreen 1989). A difference from D of less
// than 1e-9 points, which rounding can explain, is a tie.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "eval/score/statistics/bootstrap.hpp"
#include "eval/score/statistics/statistics.hpp"

namespace edgeval {

struct PairedOptions {
  // Resamples draw from SplitMix64(seed), trials from random_stream(seed, 1).
  std::uint64_t seed = 0;
  int resamples = 1000;  // number of resamples of the paired bootstrap
  int trials = 10000;    // number of trials of approximate randomization
  double confidence = 0.95;
};

struct PairedComparison {
  std::optional<double> a{};           // score of A
  std::optional<double> b{};           // score of B
  std::optional<double> difference{};  // b - a
  std::optional<Interval> interval{};  // interval of the difference, from the paired bootstrap
  std::optional<double> p_bootstrap{};
  std::optional<double> p_randomization{};
  std::vector<double> resampled{};  // b - a of every resample
};

// Compares the statistics of A and B, which have one row for each sentence in the same order.
// Resamples and trials without a score are left out, and figures without a value are nothing. There
// is no bootstrap for fewer than two sentences, which show no spread.
PairedComparison compare_paired(const Statistics& a, const Statistics& b, const Score& score,
                                const PairedOptions& options = {});

}  // namespace edgeval
