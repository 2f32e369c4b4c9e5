// Whether two systems that translated or transcribed the same sentences differ by more than chance,
// for any score of summed statistics. Both tests are sacrebleu's (Post 2018; after Koehn 2004, and
// Riezler and Maxwell 2005), but that ties count; with D = |score(A) - score(B)| of the whole set:
//   paired bootstrap  every resample draws the same sentences for both; d = |score(A*) -
//   score(B*)|;
//                     p = (1 + resamples with d - mean(d) >= D) / (1 + resamples), and 1 for D = 0
//   approximate       every trial swaps the outputs of each sentence with probability 1/2;
//   randomization     p = (1 + trials with |score(A') - score(B')| >= D) / (1 + trials)
// Where few sentences differ many trials differ by exactly D; left out, as sacrebleu leaves them
// out, they would make a single sentence seem significant (Noreen 1989). What differs by less than
// rounding can explain, 1e-9 points, is a tie.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "eval/score/statistics/bootstrap.hpp"
#include "eval/score/statistics/statistics.hpp"

namespace edgeval {

struct PairedOptions {
  std::uint64_t seed =
      0;                 // resamples draw from SplitMix64(seed), trials from random_stream(seed, 1)
  int resamples = 1000;  // of the bootstrap
  int trials = 10000;    // of approximate randomization
  double confidence = 0.95;
};

struct PairedComparison {
  std::optional<double> a{};
  std::optional<double> b{};
  std::optional<double> difference{};  // b - a
  std::optional<Interval> interval{};  // of the difference, from the paired bootstrap
  std::optional<double> p_bootstrap{};
  std::optional<double> p_randomization{};
  std::vector<double> resampled{};  // b - a of every resample
};

// One row per sentence in both, in the same order. Resamples and trials without a score are left
// out; what has no value is nothing. There is no bootstrap of fewer than two sentences, which show
// no spread.
PairedComparison compare_paired(const Statistics& a, const Statistics& b, const Score& score,
                                const PairedOptions& options = {});

}  // namespace edgeval
