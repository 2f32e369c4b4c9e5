// What enters the products on pseudo-skips and on the steps between them (Jo et al., section III-C;
// docs/techniques.md, "Pseudo-skip"), in 16-bit fixed point:
//   z = W16 a + W8 s + b,  W8 = min(127, floor(W16 / 256 + 1/2)) on a scale of its own
// A full step has a = v, s = 0. Under the delta operand it has a += v - v^ for the elements that
// moved by that operand's threshold, and s stays. A pseudo-skip forms D = v - v^ and D8 = round(D /
// delta_scale) in 8 bits; where |D| >= clip and D8 is not 0, s += D8 and v^ += D8 delta_scale. v^
// is the value of v that the sums of the products hold; a full step that takes v in sets it to v.
#pragma once

#include <optional>

#include "host/numeric/fixed_point.hpp"
#include "host/technique/delta.hpp"
#include "host/technique/similarity_skip.hpp"

namespace edgeval {

struct PseudoRule {
  Grid grid;          // 16-bit grid of v
  std::int32_t clip;  // on the grid, as is `threshold`
  int delta_shift;    // delta_scale = 2^delta_shift steps of the grid
  bool moves;         // whether the operand is delta
  // The threshold of delta, on the grid.
  std::int32_t threshold;

  // The codes that enter the two products, and whether they cause work.
  struct Elements {
    std::int32_t full, delta;  // `full` has up to 18 bits under the delta operand
    std::int32_t changed;
  };

  // Returns what one element of a step contributes and updates its v^, `reference`, which is 0
  // before the first step.
  EDGEVAL_HD Elements next(float value, bool pseudo, std::int32_t& reference) const {
    const std::int32_t code = grid.code(grid.snap(value));
    const std::int32_t difference = code - reference;
    const std::int32_t size = difference < 0 ? -difference : difference;
    if (pseudo) {
      const auto delta =
          static_cast<std::int32_t>(saturate(scale_by_power(difference, -delta_shift), 8));
      if (size < clip || delta == 0) return {0, 0, 0};
      reference += delta * (1 << delta_shift);
      return {0, delta, 1};
    }
    if (!moves) {
      reference = code;
      return {code, 0, 1};
    }
    if (difference == 0 || size < threshold) return {0, 0, 0};
    reference = code;
    return {difference, 0, 1};
  }

  // Returns a distance in steps of the grid, half up; it may exceed the range of the grid.
  static std::int32_t distance(double value, const Grid& grid) {
    const double scaled = value * static_cast<double>(grid.scale);
    return scaled < 1e9 ? round_half_up(scaled) : 1000000000;
  }
  static PseudoRule of(const SimilaritySkip& skip, const Delta* delta, Source source,
                       const Grid& grid) {
    int shift = 0;
    while (shift < 30 && power_of_two(shift) * static_cast<double>(grid.inverse) < skip.delta_scale)
      ++shift;
    const double moved =
        delta == nullptr ? 0 : (source == Source::kInput ? delta->threshold_x : delta->threshold_h);
    return {grid, distance(skip.pseudo_clip, grid), shift, delta != nullptr, distance(moved, grid)};
  }
};

}  // namespace edgeval
