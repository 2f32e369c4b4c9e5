// Operand: elements are quantized to one of C centroids. An element whose centroid is the one of
// the step executed before costs nothing, since its product is reused (Riera et al., ISCA 2018,
// section III; docs/techniques.md, "Reuse"). Correcting z by (new - old centroid) w for the changed
// elements gives W times the centroids, so z is evaluated densely on centroids: z = W Q(x) + U Q(h)
// + b.
#pragma once

#include "host/numeric/rounding.hpp"
#include "host/technique/papers.hpp"
#include "host/technique/technique.hpp"

namespace edgeval {

struct Reuse {
  static constexpr const char* kName = "reuse";
  static constexpr const char* kMeaning =
      "reuses the products of elements whose centroid repeats (P3)";
  static constexpr const char* kPaper = kPaperP3;
  static constexpr OperandCost kCost{
      .comparisons = 1, .quantizations = 1, .subtractions_per_change = 1};

  double clusters = 16;             // C, number of centroids
  double range_min = kFromProfile;  // least value of x and h together, in both directions
  double range_max = kFromProfile;

  template <class Self, class Visit>
  static void fields(Self& self, Visit&& visit) {
    visit("clusters", self.clusters, "centroids, evenly spaced over the range");
    visit("range[0]", self.range_min, "[least, greatest] value of x and h", Origin::kRangeMin);
    visit("range[1]", self.range_max, "greatest value of x and h", Origin::kRangeMax);
  }

  const char* problem() const {
    if (!is_whole(clusters, 1, 65536)) return "clusters must be a whole number from 1 to 65536";
    if (from_profile(range_min) != from_profile(range_max)) return "range needs both ends";
    if (from_profile(range_min)) return nullptr;
    if (!(range_max > range_min)) return "range must be [min, max] with min below max";
    if (!(range_max - range_min < 1e30)) return "range must be finite";
    // Centroid indices have 32 bits, and min / step must stay far inside their range.
    if (absolute(static_cast<float>(range_min / (range_max - range_min) * clusters)) > 1e9F)
      return "range is too narrow for its distance from 0";
    return nullptr;
  }

  struct Rule {
    static constexpr bool kIdentity = false;
    static constexpr bool kOnGivenValues = false;  // false: operands are centroids
    double step;
    std::int32_t lowest, highest;  // indices of the first and the last centroid

    struct State {
      // There is no index yet, so that every element counts as changed in the first executed step.
      std::int32_t index = std::numeric_limits<std::int32_t>::min();
    };

    EDGEVAL_HD std::int32_t index(float value) const {
      const double low = static_cast<double>(lowest), high = static_cast<double>(highest);
      return round_half_up(clamp(static_cast<double>(value) / step, low, high));
    }
    EDGEVAL_HD float seen(float value, Source) const { return value; }
    EDGEVAL_HD Operand next(float value, Source, State& state) const {
      const std::int32_t now = index(value);
      const bool changed = now != state.index;
      state.index = now;
      return {static_cast<float>(step * static_cast<double>(now)), changed};
    }
  };

  Rule rule() const {
    const double step = (range_max - range_min) / clusters;
    const std::int32_t lowest = round_half_up(range_min / step);
    return {step, lowest, lowest + static_cast<std::int32_t>(clusters) - 1};
  }
};

}  // namespace edgeval
