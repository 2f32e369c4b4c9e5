// Rounding and clamping that give the same bits on both devices.
#pragma once

#include <cstdint>
#include <cstring>
#include <limits>

#include "host/numeric/host_device.hpp"

namespace edgeval {

template <class T>
EDGEVAL_HD T clamp(T value, T low, T high) {
  return value < low ? low : (value > high ? high : value);
}

EDGEVAL_HD float absolute(float value) { return value < 0 ? -value : value; }

EDGEVAL_HD bool is_finite(float value) { return value - value == 0; }

// floor(value + 0.5): half rounds up. `value` must fit 32 bits.
EDGEVAL_HD std::int32_t round_half_up(double value) {
  const double shifted = value + 0.5;
  const std::int32_t truncated = static_cast<std::int32_t>(shifted);
  return truncated - (static_cast<double>(truncated) > shifted ? 1 : 0);
}

// floor(value + 0.5) for floats, in which value + 0.5 itself could round; the truncated value and
// the rest are exact. |value| < 2^31.
EDGEVAL_HD std::int32_t round_half_up(float value) {
  const auto truncated = static_cast<std::int32_t>(value);
  const float left = value - static_cast<float>(truncated);
  return truncated + (left >= 0.5F ? 1 : 0) - (left < -0.5F ? 1 : 0);
}

// Rounds to the nearest, half away from zero; |value| < 2^31.
EDGEVAL_HD std::int32_t round_half_away(float value) {
  const auto truncated = static_cast<std::int32_t>(value);
  const float left = value - static_cast<float>(truncated);
  return truncated + (left >= 0.5F ? 1 : 0) - (left <= -0.5F ? 1 : 0);
}

// Returns the nearest float, for numbers beyond the range of floats the float at that end.
inline float nearest_float(double value) {
  constexpr double kMost = std::numeric_limits<float>::max();
  return static_cast<float>(clamp(value, -kMost, kMost));
}

// Returns the least float above `value`, which must be less than infinity.
EDGEVAL_HD float next_above(float value) {
  std::int32_t bits;
  if (value == 0) value = 0;  // a negative zero becomes the positive one
  std::memcpy(&bits, &value, sizeof bits);
  bits += value < 0 ? -1 : 1;
  std::memcpy(&value, &bits, sizeof bits);
  return value;
}

// Return the least T (float or std::int32_t) that is not below `bound`, and the greatest that is
// not above it. There must be one. A float NaN stays NaN.
template <class T>
EDGEVAL_HD T least_from(double bound);
template <class T>
EDGEVAL_HD T greatest_to(double bound);

template <>
EDGEVAL_HD float least_from<float>(double bound) {
  const auto near = static_cast<float>(bound);
  return static_cast<double>(near) < bound ? next_above(near) : near;
}
template <>
EDGEVAL_HD float greatest_to<float>(double bound) {
  return -least_from<float>(-bound);
}
template <>
EDGEVAL_HD std::int32_t least_from<std::int32_t>(double bound) {
  const double inside = clamp(bound, -0x1p31, 0x1p31 - 1);
  const auto truncated = static_cast<std::int32_t>(inside);
  return truncated + (static_cast<double>(truncated) < inside ? 1 : 0);
}
template <>
EDGEVAL_HD std::int32_t greatest_to<std::int32_t>(double bound) {
  const double inside = clamp(bound, -0x1p31, 0x1p31 - 1);
  const auto truncated = static_cast<std::int32_t>(inside);
  return truncated - (static_cast<double>(truncated) > inside ? 1 : 0);
}

// 2^exponent, which is exact for |exponent| <= 1000.
EDGEVAL_HD double power_of_two(int exponent) {
  double power = 1;
  for (int i = 0; i < exponent; ++i) power *= 2;
  for (int i = 0; i > exponent; --i) power /= 2;
  return power;
}

}  // namespace edgeval
