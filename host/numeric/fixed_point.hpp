// Fixed-point numbers of the integer arithmetics, and the one rounding and the one saturation they
// use.
//
// A value v with f fraction bits is the integer v 2^f. Rounding, everywhere unless a technique's
// definition says otherwise: to nearest, half away from zero. Saturation: to the ends of the two's
// complement range of the width. Operands (weights, x, h) have 16 or 8 bits; z and c have 32 bits
// with kStateBits fraction bits; gates (sigmoid, tanh) have kUnitBits fraction bits and lie in [-1,
// 1].
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

// The largest f with magnitude 2^f <= most: the finest format in which nothing up to `magnitude` (0
// or more, finite) is beyond the code `most` (at least 1). of_zero where there is nothing to hold.
inline int finest_format(double magnitude, double most, int of_zero) {
  if (magnitude == 0) return of_zero;
  int bits = 0;
  while (std::ldexp(magnitude, bits) > most) --bits;
  while (std::ldexp(magnitude, bits + 1) <= most) ++bits;
  return bits;
}

// value / 2^shift, half away from zero; shift from 1 to 62.
EDGEVAL_HD std::int64_t round_shift(std::int64_t value, int shift) {
  return (value + (std::int64_t{1} << (shift - 1)) - (value < 0 ? 1 : 0)) >> shift;
}

// The same in 32 bits, for |value| + 2^(shift - 1) below 2^31.
EDGEVAL_HD std::int32_t round_shift_narrow(std::int32_t value, int shift) {
  return (value + (std::int32_t{1} << (shift - 1)) - (value < 0 ? 1 : 0)) >> shift;
}

// value 2^up when up >= 0, else rounded; |up| <= 62.
EDGEVAL_HD std::int64_t scale_by_power(std::int64_t value, int up) {
  return up >= 0 ? value << up : round_shift(value, -up);
}

// The grid of a tensor in fixed point: multiples of 2^-fraction_bits in `bits` bits. Its values are
// carried as floats, which hold them exactly, so that decisions are the same functions under every
// arithmetic; powers of two and the ends of 16 bits are exact in floats, too.
struct Grid {
  float scale;    // 2^fraction_bits
  float inverse;  // 2^-fraction_bits
  float low, high;

  EDGEVAL_HD static Grid of(int fraction_bits, int bits) {
    return {static_cast<float>(power_of_two(fraction_bits)),
            static_cast<float>(power_of_two(-fraction_bits)), static_cast<float>(lowest_of(bits)),
            static_cast<float>(highest_of(bits))};
  }

  // Nearest point of the grid, half away from zero, saturated.
  EDGEVAL_HD float snap(float value) const { return value_of(round_half_away(place(value))); }
  // The same with half up: what the definition of reuse's centroids and of thresholds asks for.
  EDGEVAL_HD float snap_half_up(float value) const { return value_of(round_half_up(place(value))); }
  // The integer behind a value of the grid.
  EDGEVAL_HD std::int32_t code(float on_grid) const {
    return static_cast<std::int32_t>(on_grid * scale);
  }

  // Half away from zero; |scaled| < 2^31.
  EDGEVAL_HD static std::int32_t nearest(double scaled) {
    return static_cast<std::int32_t>(scaled + (scaled < 0 ? -0.5 : 0.5));
  }

 private:
  EDGEVAL_HD float place(float value) const { return clamp(value * scale, low, high); }
  EDGEVAL_HD float value_of(std::int32_t code) const { return static_cast<float>(code) * inverse; }
};

}  // namespace edgeval
