// Quantizers of single numbers (docs/weights.md): fixed point Q(m, f), signed powers of two,
// binary, ternary and quaternary levels. Each maps x to one of finitely many values. The stochastic
// quantizers take a uniform number on [0, 1) beside x, so that the caller decides on the order of
// the draws. sign(0) = +1. Decisions use exact operations only: nothing of libm but floor, frexp
// and ldexp, which are exact.
#pragma once

#include <array>
#include <cmath>
#include <cstdint>
#include <string_view>

#include "host/numeric/fixed_point.hpp"
#include "host/numeric/rounding.hpp"

namespace edgeval {

enum class Rounding : std::uint8_t { kHalfUp, kHalfEven, kFloor, kStochastic };
constexpr std::array<std::string_view, 4> names(Rounding) {
  return {"half_up", "half_even", "floor", "stochastic"};
}

// Rounds to a neighbouring whole number; a whole `value` stays as it is. |value| < 2^52.
inline double round_whole(double value, Rounding rounding, double uniform) {
  const double below = std::floor(value);
  const double rest = value - below;  // exact, in [0, 1)
  const bool odd = std::floor(below / 2) * 2 != below;
  switch (rounding) {
    case Rounding::kHalfUp:
      return rest >= 0.5 ? below + 1 : below;
    case Rounding::kHalfEven:
      return rest > 0.5 || (rest == 0.5 && odd) ? below + 1 : below;
    case Rounding::kFloor:
      return below;
    case Rounding::kStochastic:
      break;
  }
  // This is floor(value + uniform) without the rounding of that sum.
  return uniform < rest ? below + 1 : below;
}

// Two's complement with `bits` bits: value = code / 2^fraction_bits, saturating. A symmetric format
// leaves out the least code.
struct FixedPointFormat {
  int bits = 8;
  int fraction_bits = 7;
  bool symmetric = false;

  double highest_code() const { return std::ldexp(1.0, bits - 1) - 1; }
  double lowest_code() const { return symmetric ? -highest_code() : -highest_code() - 1; }
  double code(double x, Rounding rounding, double uniform) const {
    const double scaled = std::ldexp(x, fraction_bits);
    return round_whole(clamp(scaled, lowest_code(), highest_code()), rounding, uniform);
  }
  double quantize(double x, Rounding rounding, double uniform) const {
    return std::ldexp(code(x, rounding, uniform), -fraction_bits);
  }
};

// Returns the largest f with magnitude x 2^f <= 2^(bits - 1) - 1, so that no number up to
// `magnitude` saturates; bits >= 2.
inline int fitting_fraction_bits(double magnitude, int bits) {
  return finest_format(magnitude, std::ldexp(1.0, bits - 1) - 1, bits - 1);
}

// The levels sign(x) 2^e with e from min_exponent to max_exponent.
struct PowerOfTwoLevels {
  int min_exponent = -6;
  int max_exponent = 0;
  // Whether 0 is a level: for x = 0, and for every x whose e comes out below min_exponent.
  bool zero = true;
  // Whether e is one greater than floor(log2 |x|) with the probability |x| / 2^floor(log2 |x|) - 1,
  // so that the mean is |x|.
  bool stochastic = false;

  int levels() const { return 2 * (max_exponent - min_exponent + 1) + (zero ? 1 : 0); }

  double quantize(double x, double uniform) const {
    const double sign = x < 0 ? -1 : 1;
    int e = 0;
    // The mantissa is in [1, 2), or 0; it is exact in 24 bits for a float.
    const double mantissa = 2 * std::frexp(sign * x, &e);
    if (mantissa == 0) return zero ? 0 : std::ldexp(1.0, min_exponent);
    e -= 1;
    // Rounding log2 switches at the geometric midpoint sqrt(2), which no float equals.
    if (stochastic ? uniform < mantissa - 1 : mantissa * mantissa > 2) e += 1;
    if (e < min_exponent) return zero ? 0 : sign * std::ldexp(1.0, min_exponent);
    return sign * std::ldexp(1.0, e < max_exponent ? e : max_exponent);
  }
};

inline bool binary_is_high(double x) { return x >= 0; }

// Returns true with the probability sat((x + 1) / 2) (Rezk et al. 2020, equations 23 and 24).
inline bool binary_is_high(double x, double uniform) {
  return uniform < clamp((x + 1) / 2, 0.0, 1.0);
}

// Returns -1, 0 or 1: 0 where |x| is at most the threshold, which is 0 or more.
inline double ternary(double x, double threshold) {
  return x > threshold ? 1 : (x < -threshold ? -1 : 0);
}

// Returns the sign of x with probability min(|x|, 1), else 0.
inline double ternary_stochastic(double x, double uniform) {
  return uniform < std::fabs(x) ? (x < 0 ? -1 : 1) : 0;
}

// Returns -1, -0.5, 0.5 or 1, the outer levels from the threshold on. A threshold of 0.75 gives the
// nearest level.
inline double quaternary(double x, double threshold) {
  const double magnitude = std::fabs(x) >= threshold ? 1 : 0.5;
  return x < 0 ? -magnitude : magnitude;
}

}  // namespace edgeval
