// Limits what B may lose against A in one metric, in points of that metric: the gate of `edgeval
// compare --max-loss`. The loss is score(B) - score(A) where lower scores are better, else
// score(A) - score(B). With a confidence C the limit applies to an upper bound of the loss instead:
// the value that the share C of the paired bootstrap's resamples does not exceed (a one-sided
// percentile), but never less than the loss itself.
//
// If none of N utterances differs, every resample has the loss 0, which bounds nothing. The share
// of utterances that would differ is then below 1 - (1 - C)^(1 / N) with confidence C (Clopper and
// Pearson 1934, none seen of N). An utterance adds at most 1 / N to SER and to exact match, so this
// share also bounds their loss. To other metrics an utterance may add anything, so their loss has
// no bound, and the limit applies to the loss.
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
  // Upper bound of the percentage of utterances that would differ; there when none differs.
  std::optional<double> differing_bound{};
  LossLimit limit{};
  bool passed = false;
};

// Throws Error when the limit is no number of at least 0, when the confidence is not from 0.5 to
// below 1, and when that confidence needs more resamples.
void expect_usable(const LossLimit& limit, int resamples);

// Judges the loss in one metric over a set of so many utterances. Throws Error when the metric has
// no value, and when a confidence is wanted with a single utterance.
LossVerdict judge_loss(const Compared& metric, std::size_t utterances, const LossLimit& limit);

}  // namespace edgeval
