// The fixed-point numbers of the integer arithmetics, with the one way in which they are rounded
// and the one in which they saturate.
//
// A value v with f fraction bits is the integer v 2^f. Values are rounded to the nearest, half away
// from zero, unless a technique's definition says otherwise, and saturate at the ends of the two's
// complement range of their width. Operands (weights, x, h) have 16 or 8 bits. z and c have 32
// bits, of which kStateBits are fraction bits. Gates (sigmoid, tanh) have kUnitBits fraction bits
// and lie in [-1, 1].
#pragma once

#include <cmath>
#include <cstdint>

#include "host/numeric/rounding.hpp"

namespace edgeval {

inline constexpr int kStateBits = 20;
inline constexpr int kUnitBits = 15;
inline constexpr std::int32_t kUnit = 1 << kUnitBits;

EDGEVAL_HD std::int64_t lowest_of(int bits) { return -(std::int64_t{1} << (bits - 1)); }
EDGEVAL_HD std::int64_t highest_of(int bits) { return (std::int64_t{1} << (bits - 1)) - 1; }

EDGEVAL_HD std::int64_t saturate(std::int64_t value, int bits) {
  return clamp(value, lowest_of(bits), highest_of(bits));
}

// Returns the largest f with magnitude 2^f <= most: the finest format in which no number up to
// `magnitude` (finite, 0 or more) exceeds the code `most` (1 or more). Returns of_zero where the
// magnitude is 0.
inline int finest_format(double magnitude, double most, int of_zero) {
  if (magnitude == 0) return of_zero;
  int bits = 0;
  while (std::ldexp(magnitude, bits) > most) --bits;
  while (std::ldexp(magnitude, bits + 1) <= most) ++bits;
  return bits;
}

// value / 2^shift, rounded half away from zero. shift lies between 1 and 62.
EDGEVAL_HD std::int64_t round_shift(std::int64_t value, int shift) {
  return (value + (std::int64_t{1} << (shift - 1)) - (value < 0 ? 1 : 0)) >> shift;
}

// round_shift in 32 bits, for |value| + 2^(shift - 1) below 2^31.
EDGEVAL_HD std::int32_t round_shift_narrow(std::int32_t value, int shift) {
  return (value + (std::int32_t{1} << (shift - 1)) - (value < 0 ? 1 : 0)) >> shift;
}

// value 2^up, rounded half away from zero where up is negative; |up| <= 62.
EDGEVAL_HD std::int64_t scale_by_power(std::int64_t value, int up) {
  return up >= 0 ? value << up : round_shift(value, -up);
}

// The grid of a tensor in fixed point: multiples of 2^-fraction_bits in `bits` bits. Floats carry
// its values and hold them exactly, so that decisions are the same functions under every
// arithmetic. Powers of two and the ends of the 16-bit range are exact in floats, too.
struct Grid {
  float scale;    // 2^fraction_bits
  float inverse;  // 2^-fraction_bits
  float low, high;

  EDGEVAL_HD static Grid of(int fraction_bits, int bits) {
    return {static_cast<float>(power_of_two(fraction_bits)),
            static_cast<float>(power_of_two(-fraction_bits)), static_cast<float>(lowest_of(bits)),
            static_cast<float>(highest_of(bits))};
  }

  // The nearest point of the grid, half away from zero, saturated.
  EDGEVAL_HD float snap(float value) const { return value_of(round_half_away(place(value))); }
  // The nearest point of the grid, half up, saturated, as the centroids of reuse and the thresholds
  // are defined.
  EDGEVAL_HD float snap_half_up(float value) const { return value_of(round_half_up(place(value))); }
  // The integer code of a value that lies on the grid.
  EDGEVAL_HD std::int32_t code(float on_grid) const {
    return static_cast<std::int32_t>(on_grid * scale);
  }

  // Rounds to the nearest, half away from zero; |scaled| < 2^31.
  EDGEVAL_HD static std::int32_t nearest(double scaled) {
    return static_cast<std::int32_t>(scaled + (scaled < 0 ? -0.5 : 0.5));
  }

 private:
  EDGEVAL_HD float place(float value) const { return clamp(value * scale, low, high); }
  EDGEVAL_HD float value_of(std::int32_t code) const { return static_cast<float>(code) * inverse; }
};

}  // namespace edgeval
