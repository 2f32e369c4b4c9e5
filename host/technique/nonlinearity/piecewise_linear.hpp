// Nonlinearity: straight lines between K + 1 knots on f over [0, limit], mirrored for x < 0; from
// the limit on the value is f(limit) (Rezk et al. 2020, section IV-A4, "piecewise linear
// approximation"). Knots lie evenly, or by curvature, so that the integral of sqrt |f''| is equal
// on all segments, which levels the error. A line takes a read of slope and offset, a
// multiplication and an addition.
//
// PLAN (Amin, Curtis, Hayes-Gill 1997) is a fixed set of lines for the sigmoid whose slopes are
// powers of two, so that it needs only shifts and no table; tanh(x) = 2 PLAN(2x) - 1.
#pragma once

#include <array>
#include <cmath>
#include <string_view>
#include <vector>

#include "host/technique/nonlinearity/pieces.hpp"
#include "host/technique/papers.hpp"

namespace edgeval {

enum class KnotPlaces : std::uint8_t { kUniform, kCurvature, kPlan };
constexpr std::array<std::string_view, 3> names(KnotPlaces) {
  return {"uniform", "curvature", "plan"};
}

struct PiecewiseLinear {
  static constexpr const char* kName = "piecewise_linear";
  static constexpr const char* kMeaning = "straight lines between knots (P2); plan: slopes 2^-k";
  static constexpr const char* kPaper = kPaperP2;

  double segments = 16;
  double limit = 8;
  KnotPlaces knots = KnotPlaces::kUniform;

  template <class Self, class Visit>
  static void fields(Self& self, Visit&& visit) {
    visit("segments", self.segments,
          "segments from 0 to the limit, mirrored below 0; not for plan");
    visit("limit", self.limit, "from where on the value stays; not of plan");
    visit("knots", self.knots, "uniform, curvature, or plan: the fixed shift-friendly set");
  }

  const char* problem() const {
    if (!is_whole(segments, 1, 1024)) return "segments must be a whole number from 1 to 1024";
    if (!(limit >= 0.125 && limit <= 64)) return "limit must be from 0.125 to 64";
    return nullptr;
  }

  LinearPieces pieces(Curve curve) const {
    if (knots == KnotPlaces::kPlan) return mirrored(plan(curve), curve);
    const std::vector<double> x = knots == KnotPlaces::kUniform ? uniform() : by_curvature(curve);
    LinearPieces right;
    for (std::size_t k = 0; k + 1 < x.size(); ++k) {
      const double low = value_of(curve, x[k]), high = value_of(curve, x[k + 1]);
      const double slope = (high - low) / (x[k + 1] - x[k]);
      right.push_back({x[k], slope, low - slope * x[k]});
    }
    right.push_back({x.back(), 0, value_of(curve, x.back())});
    return mirrored(right, curve);
  }

  // The sign of x costs nothing. With even knots the index is z scaled, and one comparison is made
  // with the limit.
  NonlinearityCost cost(Curve) const {
    if (knots == KnotPlaces::kPlan) return {.additions = 1, .comparisons = comparisons_among(4)};
    const std::uint64_t pieces = static_cast<std::uint64_t>(segments) + 1;
    return {.reads = 1,
            .multiplications = 1,
            .additions = 1,
            .comparisons = knots == KnotPlaces::kUniform ? 1 : comparisons_among(pieces)};
  }

 private:
  static LinearPieces plan(Curve curve) {
    if (curve == Curve::kSigmoid)
      return {{0, 0.25, 0.5}, {1, 0.125, 0.625}, {2.375, 0.03125, 0.84375}, {5, 0, 1}};
    return {{0, 1, 0}, {0.5, 0.5, 0.25}, {1.1875, 0.125, 0.6875}, {2.5, 0, 1}};
  }

  std::vector<double> uniform() const {
    std::vector<double> x;
    for (int k = 0; k <= static_cast<int>(segments); ++k) x.push_back(k * limit / segments);
    return x;
  }

  // sqrt |f''|, where |f''| is s (1 - s) (2s - 1) for the sigmoid s and 2t (1 - t^2) for tanh t, at
  // x >= 0.
  static double density(Curve curve, double x) {
    const double f = value_of(curve, x);
    const double bend = curve == Curve::kSigmoid ? f * (1 - f) * (2 * f - 1) : 2 * f * (1 - f * f);
    return std::sqrt(bend);
  }

  // Takes the integral by the trapezoidal rule in kSteps steps and interpolates it linearly.
  std::vector<double> by_curvature(Curve curve) const {
    constexpr int kSteps = 1 << 14;
    const double step = limit / kSteps;
    std::vector<double> integral{0};
    for (int i = 0; i < kSteps; ++i)
      integral.push_back(integral.back() +
                         (density(curve, i * step) + density(curve, (i + 1) * step)) / 2);
    std::vector<double> x{0};
    std::size_t i = 0;
    for (int k = 1; k < static_cast<int>(segments); ++k) {
      const double wanted = integral.back() * k / segments;
      while (integral[i + 1] < wanted) ++i;
      x.push_back(
          (static_cast<double>(i) + (wanted - integral[i]) / (integral[i + 1] - integral[i])) *
          step);
    }
    x.push_back(limit);
    return x;
  }
};

}  // namespace edgeval
