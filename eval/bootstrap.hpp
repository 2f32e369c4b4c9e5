// A confidence interval for a ratio of sums over utterances, sum(errors) / sum(reference), by
// drawing the utterances again with replacement (Bisani and Ney 2004): the percentile interval. The
// same seed gives the same bits on any machine, so the random numbers are our own.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "host/numeric/random.hpp"

namespace edgeval {

struct BootstrapOptions {
  std::uint64_t seed = 0;
  int resamples = 1000;
  double confidence = 0.95;
};

struct Interval {
  double low = 0;
  double high = 0;
  bool operator==(const Interval&) const = default;
};

// One entry per utterance in both. A resample without any reference has no ratio and is left out.
// No interval for fewer than two utterances, which show no spread, or without any reference.
// Percentiles interpolate linearly.
std::optional<Interval> bootstrap_ratio(std::span<const std::uint64_t> errors,
                                        std::span<const std::uint64_t> reference,
                                        const BootstrapOptions& options = {});

}  // namespace edgeval
