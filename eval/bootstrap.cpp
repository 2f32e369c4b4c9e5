#include "eval/bootstrap.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

#include "host/core/error.hpp"

namespace edgeval {
namespace {

double percentile(std::span<const double> sorted, double fraction) {
  const double position = fraction * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<std::size_t>(std::floor(position));
  const std::size_t above = std::min(below + 1, sorted.size() - 1);
  return sorted[below] + (position - static_cast<double>(below)) * (sorted[above] - sorted[below]);
}

}  // namespace

std::optional<Interval> bootstrap_ratio(std::span<const std::uint64_t> errors,
                                        std::span<const std::uint64_t> reference,
                                        const BootstrapOptions& options) {
  EDGEVAL_ASSERT(errors.size() == reference.size());
  EDGEVAL_ASSERT(options.resamples > 0 && options.confidence > 0 && options.confidence < 1);
  if (errors.size() < 2) return std::nullopt;
  SplitMix64 random(options.seed);
  std::vector<double> ratios;
  for (int resample = 0; resample < options.resamples; ++resample) {
    std::uint64_t part = 0;
    std::uint64_t whole = 0;
    for (std::size_t draw = 0; draw < errors.size(); ++draw) {
      const std::uint64_t utterance = random.below(errors.size());
      part += errors[utterance];
      whole += reference[utterance];
    }
    if (whole > 0) ratios.push_back(static_cast<double>(part) / static_cast<double>(whole));
  }
  if (ratios.empty()) return std::nullopt;
  std::sort(ratios.begin(), ratios.end());
  const double tail = (1 - options.confidence) / 2;
  return Interval{percentile(ratios, tail), percentile(ratios, 1 - tail)};
}

}  // namespace edgeval
