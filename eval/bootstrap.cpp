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

std::uint64_t SplitMix64::next() {
  std::uint64_t z = state_ += 0x9E3779B97F4A7C15;
  z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9;
  z = (z ^ z >> 27) * 0x94D049BB133111EB;
  return z ^ z >> 31;
}

std::uint64_t SplitMix64::below(std::uint64_t bound) {
  // The first 2^64 mod bound numbers are drawn again, so that every remainder is as likely.
  const std::uint64_t refused = (0 - bound) % bound;
  std::uint64_t drawn = next();
  while (drawn < refused) drawn = next();
  return drawn % bound;
}

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
