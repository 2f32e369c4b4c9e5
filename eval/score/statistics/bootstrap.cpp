#include "eval/score/statistics/bootstrap.hpp"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <vector>

#include "host/core/error.hpp"

namespace edgeval {
namespace {

double percentile_of_sorted(std::span<const double> sorted, double fraction) {
  const double position = fraction * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<std::size_t>(std::floor(position));
  const std::size_t above = std::min(below + 1, sorted.size() - 1);
  return sorted[below] + (position - static_cast<double>(below)) * (sorted[above] - sorted[below]);
}

}  // namespace

nlohmann::ordered_json or_null(const std::optional<Interval>& interval) {
  return interval ? nlohmann::ordered_json{interval->low, interval->high}
                  : nlohmann::ordered_json(nullptr);
}

double percentile(std::vector<double> samples, double fraction) {
  EDGEVAL_ASSERT(!samples.empty() && fraction >= 0 && fraction <= 1);
  std::sort(samples.begin(), samples.end());
  return percentile_of_sorted(samples, fraction);
}

std::optional<Interval> percentile_interval(std::vector<double> samples, double confidence) {
  EDGEVAL_ASSERT(confidence > 0 && confidence < 1);
  if (samples.empty()) return std::nullopt;
  std::sort(samples.begin(), samples.end());
  const double tail = (1 - confidence) / 2;
  return Interval{percentile_of_sorted(samples, tail), percentile_of_sorted(samples, 1 - tail)};
}

std::optional<Interval> bootstrap(const Statistics& statistics, const Score& score,
                                  const BootstrapOptions& options) {
  EDGEVAL_ASSERT(options.resamples > 0);
  const Index utterances = statistics.sentences();
  if (utterances < 2) return std::nullopt;
  SplitMix64 random(options.seed);
  std::vector<double> samples;
  for (int resample = 0; resample < options.resamples; ++resample) {
    std::vector<double> sums(static_cast<std::size_t>(statistics.width()));
    for (Index draw = 0; draw < utterances; ++draw)
      statistics.add_to(sums,
                        static_cast<Index>(random.below(static_cast<std::uint64_t>(utterances))));
    if (const std::optional<double> value = score(sums)) samples.push_back(*value);
  }
  return percentile_interval(std::move(samples), options.confidence);
}

}  // namespace edgeval
