// What a pseudo-skip propagates (P1, section III-C; docs/techniques.md, "pseudo-skip"), in 16-bit
// fixed point:
//   z = W16 a + W8 s + b,  W8 = min(127, floor(W16 / 256 + 1/2)) at its own scale
// a full step: a = v, s = 0; under the delta operand a += v - v^ for the elements that moved by its
// threshold, s is kept. a pseudo-skip: D = v - v^;  |D| >= clip and D8 = round(D / delta_scale), in
// 8 bits, not 0: s += D8, v^ += D8 delta_scale. v^ is what the memory of the products holds of v: v
// itself after a full step that took it in.
#pragma once

#include <optional>

#include "host/numeric/fixed_point.hpp"
#include "host/technique/delta.hpp"
#include "host/technique/similarity_skip.hpp"

namespace edgeval {

struct PseudoRule {
  Grid grid;          // of v, 16 bits
  std::int32_t clip;  // on the grid, as is `threshold`
  int delta_shift;    // delta_scale = 2^delta_shift steps of the grid
  bool moves;         // under the delta operand
  std::int32_t threshold;

  // Codes that enter the two products, and whether they cause work.
  struct Elements {
    std::int32_t full, delta;  // the first has up to 18 bits under the delta operand
    std::int32_t changed;
  };

  // reference: v^, 0 before the first step.
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

  // A distance on the grid, half up; it may exceed what the grid holds.
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
