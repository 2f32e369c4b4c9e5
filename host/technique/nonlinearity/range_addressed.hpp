// Nonlinearity: a table whose intervals are as wide as an error of epsilon allows (Rezk et al.
// 2020, section IV-A4, "range-addressable look-up tables"). Intervals are made greedily from 0
// outwards: each goes on until f has risen by 2 epsilon, and its value is the middle of that rise.
// The interval around 0 has the value f(0) [our choice], so that tanh(0) = 0. For x >= 0, with s =
// f(0),
//   f from s + (2k - 1) epsilon to s + (2k + 1) epsilon -> s + 2k epsilon,    k = 0, 1, ...
// and the last interval, which ends at 1, has its own middle as its value. Comparisons find the
// interval by halving.
#pragma once

#include <cmath>

#include "host/technique/nonlinearity/pieces.hpp"
#include "host/technique/papers.hpp"

namespace edgeval {

struct RangeAddressed {
  static constexpr const char* kName = "range_addressed";
  static constexpr const char* kMeaning = "a table with intervals as wide as the error allows (P2)";
  static constexpr const char* kPaper = kPaperP2;

  double epsilon = 0.01;

  template <class Self, class Visit>
  static void fields(Self& self, Visit&& visit) {
    visit("epsilon", self.epsilon, "greatest error");
  }

  const char* problem() const {
    if (!(epsilon >= 1e-4 && epsilon <= 0.5)) return "epsilon must be from 0.0001 to 0.5";
    return nullptr;
  }

  LinearPieces pieces(Curve curve) const {
    const double centre = centre_of(curve);
    LinearPieces right{{0, 0, centre}};
    for (int k = 1; k < intervals(curve); ++k) {
      const double begin = centre + (2 * k - 1) * epsilon;
      const double end = k + 1 < intervals(curve) ? begin + 2 * epsilon : 1;
      right.push_back({where(curve, begin), 0, (begin + end) / 2});
    }
    return mirrored(right, curve);
  }
  // The interval around 0 lies on both sides and counts once.
  NonlinearityCost cost(Curve curve) const {
    return {.reads = 1,
            .comparisons = comparisons_among(2 * static_cast<std::uint64_t>(intervals(curve)) - 1)};
  }

 private:
  // Returns the number of intervals for x >= 0: the least n with (2n - 1) epsilon >= 1 - f(0).
  int intervals(Curve curve) const {
    return static_cast<int>(std::ceil(((1 - centre_of(curve)) / epsilon + 1) / 2));
  }

  // Returns the x >= 0 with f(x) = value, by halving; value < 1.
  static double where(Curve curve, double value) {
    double low = 0, high = 64;
    for (int i = 0; i < 64; ++i) {
      const double middle = (low + high) / 2;
      (value_of(curve, middle) < value ? low : high) = middle;
    }
    return high;
  }
};

}  // namespace edgeval
