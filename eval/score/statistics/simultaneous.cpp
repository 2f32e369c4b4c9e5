#include "eval/score/statistics/simultaneous.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "host/core/error.hpp"

namespace edgeval {
namespace {

// Losses that rounding alone can tell apart are the same, as in compare_paired: 1e-9 of a point.
constexpr double kNoSpread = 1e-9;

double standard_deviation(std::span<const double> values) {
  double sum = 0, squares = 0, count = 0;
  for (const double value : values)
    if (!std::isnan(value)) sum += value, ++count;
  if (count < 2) return 0;
  const double mean = sum / count;
  for (const double value : values)
    if (!std::isnan(value)) squares += (value - mean) * (value - mean);
  return std::sqrt(squares / (count - 1));
}

}  // namespace

SimultaneousLosses::SimultaneousLosses(int resamples)
    : either_(static_cast<std::size_t>(resamples), 0.0),
      below_(static_cast<std::size_t>(resamples), -std::numeric_limits<double>::max()) {
  EDGEVAL_ASSERT(resamples > 0);
}

void SimultaneousLosses::add(double loss, std::span<const double> resampled) {
  EDGEVAL_ASSERT(resampled.size() == either_.size());
  const double deviation = standard_deviation(resampled);
  const double error = deviation > kNoSpread ? deviation : 0;
  points_.push_back({loss, error});
  if (error == 0) return;
  any_spread_ = true;
  for (std::size_t r = 0; r < resampled.size(); ++r) {
    if (std::isnan(resampled[r])) continue;
    const double t = (loss - resampled[r]) / error;
    either_[r] = std::max(either_[r], std::abs(t));
    below_[r] = std::max(below_[r], t);
  }
}

double SimultaneousLosses::two_sided_quantile(double confidence) const {
  return any_spread_ ? percentile(either_, confidence) : 0;
}

double SimultaneousLosses::upper_quantile(double confidence) const {
  return any_spread_ ? percentile(below_, confidence) : 0;
}

std::vector<std::optional<Interval>> SimultaneousLosses::intervals(double confidence) const {
  const double width = two_sided_quantile(confidence);
  std::vector<std::optional<Interval>> intervals;
  for (const auto& [loss, error] : points_)
    intervals.push_back(error > 0
                            ? std::optional(Interval{loss - width * error, loss + width * error})
                            : std::nullopt);
  return intervals;
}

std::vector<std::optional<double>> SimultaneousLosses::upper_bounds(double confidence) const {
  const double width = upper_quantile(confidence);
  std::vector<std::optional<double>> bounds;
  for (const auto& [loss, error] : points_)
    bounds.push_back(error > 0 ? std::optional(loss + width * error) : std::nullopt);
  return bounds;
}

}  // namespace edgeval
