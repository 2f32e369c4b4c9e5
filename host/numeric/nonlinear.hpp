// Sigmoid and tanh in fp32 and the logarithm in double, exact to a few units in the last place and
// with the same bits on both devices. They use only additions, multiplications, one division and
// integer shifts, so that compilers may vectorise them and nothing depends on libm.
#pragma once

#include <cstdint>
#include <cstring>

#include "host/numeric/rounding.hpp"

namespace edgeval {

// The parts of e^x = 2^n (1 + q). n is the whole number nearest to x / ln 2, and q = e^r - 1 with
// |r| <= ln 2 / 2 comes from its series up to r^7 (the next term is below 6e-9). x is clamped to
// [-87, 87], where 2^n is a normal number.
struct ExpParts {
  float two_to_n;
  float q;
};

// The parts of e^x for an x that has been clamped.
EDGEVAL_HD_ALWAYS ExpParts exp_parts_within(float x) {
  // The sum is positive, so that the truncation rounds down.
  const auto up = static_cast<std::int32_t>(x * 1.44269504F + 128.5F);
  // The subtraction wraps where x is not a number.
  const auto n = static_cast<std::int32_t>(static_cast<std::uint32_t>(up) - 128);
  const float whole = static_cast<float>(n);
  // r = x - n ln 2, with ln 2 in two parts, of which the first is short enough for exact products.
  const float r = (x - whole * 0.693359375F) - whole * -2.12194440e-4F;
  const float q =
      r * (1.0F + r * (0.5F + r * (1.0F / 6 +
                                   r * (1.0F / 24 +
                                        r * (1.0F / 120 + r * (1.0F / 720 + r * (1.0F / 5040)))))));
  const std::uint32_t bits = static_cast<std::uint32_t>(n + 127) << 23;
  float two_to_n;
  std::memcpy(&two_to_n, &bits, sizeof bits);
  return {two_to_n, q};
}

EDGEVAL_HD_ALWAYS ExpParts exp_parts(float x) { return exp_parts_within(clamp(x, -87.0F, 87.0F)); }

// 1 / (1 + e^-x)
EDGEVAL_HD_ALWAYS float sigmoid(float x) {
  const ExpParts e = exp_parts(-x);
  return 1.0F / (1.0F + (e.two_to_n + e.two_to_n * e.q));
}

// tanh |x| = -m / (2 + m) with m = e^(-2|x|) - 1, which keeps its precision near 0.
EDGEVAL_HD_ALWAYS float hyperbolic_tangent(float x) {
  const float power = -2.0F * absolute(x);
  const ExpParts e = exp_parts_within(power < -87.0F ? -87.0F : power);
  const float m = e.two_to_n * e.q + (e.two_to_n - 1.0F);
  const float positive = -m / (2.0F + m);
  return x < 0 ? -positive : positive;
}

// ln x to within 2^-51 of its value, for normal x above 0. Infinity and NaN are returned as they
// are. With x = 2^n m, m in [sqrt 1/2, sqrt 2) and s = (m - 1) / (m + 1) the series is
//   ln x = n ln 2 + 2 s (1 + s^2 / 3 + s^4 / 5 + ... + s^20 / 21)
// Its next term is below 2^-60, as |s| < 0.172.
EDGEVAL_HD_ALWAYS double natural_logarithm(double x) {
  constexpr std::uint64_t kInfinite = 0x7FF0000000000000, kRootOfHalf = 0x3FE6A09E667F3BCD;
  constexpr double kLnOf2 = 0.693147180559945309417;
  std::uint64_t bits;
  std::memcpy(&bits, &x, sizeof bits);
  if (bits >= kInfinite) return x;
  // The sum in brackets stays above 0.
  const auto n =
      static_cast<std::int32_t>((bits - kRootOfHalf + (std::uint64_t{1} << 62)) >> 52) - 1024;
  bits -= static_cast<std::uint64_t>(static_cast<std::int64_t>(n)) << 52;
  double m;
  std::memcpy(&m, &bits, sizeof m);
  const double s = (m - 1) / (m + 1), w = s * s;
  const double low = 1.0 / 3 + w * (1.0 / 5 + w * (1.0 / 7 + w * (1.0 / 9 + w * (1.0 / 11))));
  const double high = 1.0 / 13 + w * (1.0 / 15 + w * (1.0 / 17 + w * (1.0 / 19 + w * (1.0 / 21))));
  const double fifth = w * w * w * w * w;
  return n * kLnOf2 + (2 * s + 2 * s * (w * (low + fifth * high)));
}

// Has a cell use the sigmoid and tanh of this file, where piecewise.hpp has others.
struct ExactFunctions {};
EDGEVAL_HD_ALWAYS float sigmoid(ExactFunctions, float x) { return sigmoid(x); }
EDGEVAL_HD_ALWAYS float hyperbolic_tangent(ExactFunctions, float x) {
  return hyperbolic_tangent(x);
}

}  // namespace edgeval
