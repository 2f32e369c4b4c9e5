// Whether two systems that translated or transcribed the same sentences differ by more than chance,
// for any score of summed statistics. Both tests are sacrebleu's (Post 2018; after Koehn 2004, and
// Riezler and Maxwell 2005), with D = |score(A) - score(B)| of the whole set:
//   paired bootstrap  every resample draws the same sentences for both; d = |score(A*) -
//   score(B*)|;
//                     p = (1 + resamples with d - mean(d) > D) / (1 + resamples)
//   approximate       every trial swaps the outputs of each sentence with probability 1/2;
//   randomization     p = (1 + trials with |score(A') - score(B')| > D) / (1 + trials)
// Two systems alike in every sentence have p = 1, where these formulas would give 1 / (1 + trials).
// Scores that are counts of few values, such as WER, often differ by exactly D in a trial; with
// `ties` those trials count too (Noreen 1989), without which one utterance that differs would seem
// significant.
#pragma once

#include <cstdint>
#include <optional>

#include "eval/bootstrap.hpp"
#include "eval/statistics.hpp"

namespace edgeval {

struct PairedOptions {
  std::uint64_t seed =
      0;                 // resamples draw from SplitMix64(seed), trials from random_stream(seed, 1)
  int resamples = 1000;  // of the bootstrap
  int trials = 10000;    // of approximate randomization
  double confidence = 0.95;
  bool ties = false;  // trials that differ by D count as those that differ by more
};

struct PairedComparison {
  std::optional<double> a{};
  std::optional<double> b{};
  std::optional<double> difference{};  // b - a
  std::optional<Interval> interval{};  // of the difference, from the paired bootstrap
  std::optional<double> p_bootstrap{};
  std::optional<double> p_randomization{};
};

// One row per sentence in both, in the same order. Resamples and trials without a score are left
// out; what has no value is nothing.
PairedComparison compare_paired(const Statistics& a, const Statistics& b, const Score& score,
                                const PairedOptions& options = {});

}  // namespace edgeval
