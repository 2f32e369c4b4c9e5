// Problems on which samplers are tried: thresholds in [0, 1] that lower a cost and raise a loss,
// which has a budget.
#pragma once

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "eval/search/sampler/observed.hpp"
#include "host/numeric/random.hpp"

namespace edgeval::test {

// A range "kD" of real numbers from 0 to 1.
inline Dimension real_range(std::size_t d) {
  Dimension range;
  range.keys = {"k" + std::to_string(d)};
  range.high = 1;
  return range;
}

inline Dimension whole_range(std::size_t d, double low, double high, bool logarithmic = false) {
  Dimension range = real_range(d);
  range.low = low;
  range.high = high;
  range.logarithmic = logarithmic;
  range.whole = true;
  return range;
}

inline Dimension list_of(std::size_t d, std::vector<std::string> values) {
  Dimension list;
  list.keys = {"k" + std::to_string(d)};
  list.values = std::move(values);
  return list;
}

inline bool accepts_all(const Coordinates&) { return true; }

// Threshold t costs w (1 - t^p) and has a loss of v t^2. From 8 dimensions on the last is a list,
// that before it a number of bits, which scales the cost, and every fourth threshold does nothing.
struct TradeOff {
  std::vector<Dimension> dimensions;
  std::vector<double> w, v, p;
  double budget = 0;

  // The budget is `tightness` of the loss that random thresholds have on average.
  TradeOff(std::size_t count, std::uint64_t seed, double tightness) {
    SplitMix64 random = random_stream(seed, 99);
    for (std::size_t d = 0; d < count; ++d) {
      dimensions.push_back(real_range(d));
      w.push_back(0.2 + random.uniform());
      v.push_back(0.2 + random.uniform());
      p.push_back(0.5 + random.uniform());
    }
    if (count >= 8) {
      dimensions[count - 1] = list_of(count - 1, {"a", "b", "c"});
      dimensions[count - 2] = whole_range(count - 2, 2, 8);
      for (std::size_t d = 1; d < count - 2; d += 4) w[d] = v[d] = 0;
    }
    for (const double each : v) budget += tightness * each / 3;
  }

  Observed run(const Coordinates& at) const {
    constexpr double kListCost[] = {0, 1, 0.2}, kListLoss[] = {0.3, 0, 0.1};
    double cost = 0, loss = 0, scale = 1;
    for (std::size_t d = 0; d < at.size(); ++d) {
      if (!dimensions[d].is_range()) {
        const auto value = static_cast<std::size_t>(3 * at[d]);
        cost += w[d] * kListCost[value];
        loss += v[d] * kListLoss[value];
      } else if (dimensions[d].whole) {
        const double bits = 2 + std::floor(7 * at[d]);
        loss += v[d] * 4 * std::pow(2, -bits);
        scale = 0.5 + bits / 16;
      } else {
        cost += w[d] * (1 - std::pow(at[d], p[d]));
        loss += v[d] * at[d] * at[d];
      }
    }
    return {at, cost * scale, loss - budget};
  }

  std::vector<Observed> run(const std::vector<Coordinates>& points) const {
    std::vector<Observed> found;
    for (const Coordinates& at : points) found.push_back(run(at));
    return found;
  }

  std::vector<Coordinates> random_points(std::size_t count, std::uint64_t seed) const {
    SplitMix64 random = random_stream(seed, 1234567);
    std::vector<Coordinates> points(count, Coordinates(dimensions.size()));
    for (Coordinates& at : points)
      for (double& u : at) u = random.uniform();
    return points;
  }
};

// The best point; `points` must not be empty.
inline Observed best_of(const std::vector<Observed>& points) {
  return *std::min_element(points.begin(), points.end(), is_better);
}

}  // namespace edgeval::test
