// 16-bit floats as they stand in files. A 32-bit float holds every value exactly.
#pragma once

#include <bit>
#include <cmath>
#include <cstdint>

namespace edgeval {

// IEEE binary16: 1 sign bit, 5 exponent bits (bias 15), 10 fraction bits.
inline float from_half(std::uint16_t bits) {
  const int exponent = bits >> 10 & 31;
  const int fraction = bits & 1023;
  const float sign = bits >> 15 ? -1.0f : 1.0f;
  if (exponent == 31) return fraction == 0 ? sign * INFINITY : NAN;
  if (exponent == 0) return sign * std::ldexp(static_cast<float>(fraction), -24);
  return sign * std::ldexp(static_cast<float>(1024 + fraction), exponent - 25);
}

// bfloat16, which is the upper half of a float.
inline float from_bfloat(std::uint16_t bits) {
  return std::bit_cast<float>(static_cast<std::uint32_t>(bits) << 16);
}

}  // namespace edgeval
