// A limit of what B may lose against A in one metric, in its points: the gate of `edgeval compare
// --max-loss`. The loss is score(B) - score(A) where fewer is better, else score(A) - score(B).
// With a confidence C the limit holds for an upper bound of the loss instead: that which the share
// C of the paired bootstrap's resamples does not exceed (percentile, one-sided), and never less
// than the loss itself.
//
// Where not one of N utterances differs every resample has the loss 0, which is no bound. The share
// of utterances that would differ is then below 1 - (1 - C)^(1 / N) with confidence C (Clopper and
// Pearson 1934, none seen of N). An utterance adds at most 1 / N to SER and to exact match, so for
// these it is the bound of the loss too; of other metrics, to which an utterance may add anything,
// there is none, and the limit holds for the loss.
#pragma once

#include <optional>

#include "eval/score/comparison.hpp"

namespace edgeval {

struct LossLimit {
  double max_loss = 0;
  std::optional<double> confidence{};
};

struct LossVerdict {
  std::string metric, title;
  double loss = 0;
  std::optional<double> bound{};
  std::optional<double> differing_bound{};  // percent of utterances; where none differs
  LossLimit limit{};
  bool passed = false;
};

// Throws Error for a limit that is no number, or a confidence that so few resamples cannot show.
void expect_usable(const LossLimit& limit, int resamples);

// Throws Error where the metric has no value, or a bound is wanted of a single utterance.
LossVerdict judge_loss(const Compared& metric, std::size_t utterances, const LossLimit& limit);

}  // namespace edgeval
