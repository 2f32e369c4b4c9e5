// Rounding and clamping that give the same bits on both devices.
#pragma once

#include <cstdint>

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

// 2^exponent, exact, for |exponent| <= 1000.
EDGEVAL_HD double power_of_two(int exponent) {
  double power = 1;
  for (int i = 0; i < exponent; ++i) power *= 2;
  for (int i = 0; i > exponent; --i) power /= 2;
  return power;
}

}  // namespace edgeval
