// A confidence interval for a score of a whole test set by drawing its utterances again with
// replacement (Bisani and Ney 2004): the percentile interval. The same seed gives the same bits on
// any machine, so the random numbers are our own.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "eval/score/statistics/statistics.hpp"
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

// The value that the share `fraction` of the samples does not exceed, interpolated linearly between
// neighbours; there must be samples.
double percentile(std::vector<double> samples, double fraction);

// What lies between the percentiles (1 - confidence) / 2 and (1 + confidence) / 2 of the samples,
// interpolated linearly; nothing without samples.
std::optional<Interval> percentile_interval(std::vector<double> samples, double confidence);

// A resample whose score has no value is left out. No interval for fewer than two utterances, which
// show no spread, or when no resample has a value.
std::optional<Interval> bootstrap(const Statistics& statistics, const Score& score,
                                  const BootstrapOptions& options = {});

// Of sum(errors) / sum(reference); one entry per utterance in both.
std::optional<Interval> bootstrap_ratio(std::span<const std::uint64_t> errors,
                                        std::span<const std::uint64_t> reference,
                                        const BootstrapOptions& options = {});

}  // namespace edgeval
