// Finds a confidence interval for the score of a whole test set by drawing its utterances again
// with replacement (Bisani and Ney 2004), as a percentile interval. The random numbers are our own,
// so that a seed gives the same bits on any machine.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
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

// Returns [low, high] as reports have it, or null where there is none.
nlohmann::ordered_json or_null(const std::optional<Interval>& interval);

// Returns the value that the share `fraction`, 0 to 1, of the samples does not exceed, interpolated
// linearly between neighbours. There must be at least one sample.
double percentile(std::vector<double> samples, double fraction);

// Returns the interval between the percentiles (1 - confidence) / 2 and (1 + confidence) / 2 of the
// samples, interpolated linearly, or nothing when there are no samples.
std::optional<Interval> percentile_interval(std::vector<double> samples, double confidence);

// Returns the interval of the score. Resamples whose score has no value are left out. There is no
// interval for fewer than two utterances, which show no spread, nor when no resample has a value.
std::optional<Interval> bootstrap(const Statistics& statistics, const Score& score,
                                  const BootstrapOptions& options = {});

}  // namespace edgeval
