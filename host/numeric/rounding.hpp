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

// floor(value + 0.5): half rounds up. `value` must fit 32 bits.
EDGEVAL_HD std::int32_t round_half_up(double value) {
  const double shifted = value + 0.5;
  const std::int32_t truncated = static_cast<std::int32_t>(shifted);
  return truncated - (static_cast<double>(truncated) > shifted ? 1 : 0);
}

// The same in floats, whose own value + 0.5 could round: truncation and what it left out are exact.
// |value| < 2^31.
EDGEVAL_HD std::int32_t round_half_up(float value) {
  const auto truncated = static_cast<std::int32_t>(value);
  const float left = value - static_cast<float>(truncated);
  return truncated + (left >= 0.5F ? 1 : 0) - (left < -0.5F ? 1 : 0);
}

// Nearest, half away from zero; |value| < 2^31.
EDGEVAL_HD std::int32_t round_half_away(float value) {
  const auto truncated = static_cast<std::int32_t>(value);
  const float left = value - static_cast<float>(truncated);
  return truncated + (left >= 0.5F ? 1 : 0) - (left <= -0.5F ? 1 : 0);
}

// The nearest float; of numbers beyond all of them the one at that end.
inline float nearest_float(double value) {
  constexpr double kMost = std::numeric_limits<float>::max();
  return static_cast<float>(clamp(value, -kMost, kMost));
}

// The least float above `value`, which is below infinity.
EDGEVAL_HD float next_above(float value) {
  std::int32_t bits;
  if (value == 0) value = 0;  // of both zeros the positive one
  std::memcpy(&bits, &value, sizeof bits);
  bits += value < 0 ? -1 : 1;
  std::memcpy(&value, &bits, sizeof bits);
  return value;
}

// The least T (float or std::int32_t) that is not below `bound`, and the greatest not above it;
// there must be one. What is no number stays so.
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

// 2^exponent, exact, for |exponent| <= 1000.
EDGEVAL_HD double power_of_two(int exponent) {
  double power = 1;
  for (int i = 0; i < exponent; ++i) power *= 2;
  for (int i = 0; i > exponent; --i) power /= 2;
  return power;
}

}  // namespace edgeval
