// Fixed-point arithmetic in whole numbers of 128 bits, for the literal loops in integers. Rounding
// is a division, formats are found by trial, and sigmoid and tanh are lines between knots. Nothing
// of host/numeric is used.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

#include "host/core/matrix.hpp"

namespace edgeval::test {

using Whole = __int128;

inline constexpr int kStateFraction = 20;  // fraction bits of z and c
inline constexpr int kGateFraction = 15;   // fraction bits of sigmoid and tanh
inline constexpr int kFarApart = 100;  // a float shifted down this far is 0, up this far saturates

inline Whole power(int exponent) { return static_cast<Whole>(1) << exponent; }

inline Whole floor_divide(Whole n, Whole d) { return n / d - (n % d < 0 ? 1 : 0); }

// Return n / d, rounded to the nearest whole number, and halves away from zero or up.
inline Whole half_away(Whole n, Whole d) {
  const Whole size = (2 * (n < 0 ? -n : n) + d) / (2 * d);
  return n < 0 ? -size : size;
}
inline Whole half_up(Whole n, Whole d) { return floor_divide(2 * n + d, 2 * d); }

inline Whole saturated(Whole value, int bits) {
  return std::min(std::max(value, -power(bits - 1)), power(bits - 1) - 1);
}

// Returns value 2^fraction, rounded by `rounded`. A float is mantissa 2^exponent.
inline Whole to_whole(float value, int fraction, Whole (*rounded)(Whole, Whole)) {
  int exponent = 0;
  const Whole mantissa = static_cast<Whole>(std::ldexp(std::frexp(value, &exponent), 24));
  const int up = exponent - 24 + fraction;
  if (up >= 0) return mantissa * power(std::min(up, kFarApart));
  return rounded(mantissa, power(std::min(-up, kFarApart)));
}

// A weight matrix [rows, cols] in its own format, the finest in which the largest code is at most
// 32639 (16 bits) or 127 (8 bits). operator[] gives a column of codes.
class FixedColumns {
 public:
  FixedColumns(const Matrix<float>& weight, int bits) : rows_(weight.rows()) {
    float largest = 0;
    for (const float value : weight.values()) largest = std::max(largest, std::abs(value));
    const Whole most = bits == 16 ? 32639 : 127;
    const auto fits = [&](int fraction) {
      return std::ldexp(static_cast<long double>(largest), fraction) <=
             static_cast<long double>(most);
    };
    if (largest > 0)
      for (fraction_ = 60; !fits(fraction_);) --fraction_;
    for (Index c = 0; c < weight.cols(); ++c)
      for (Index r = 0; r < rows_; ++r)
        codes_.push_back(static_cast<std::int64_t>(to_whole(weight(r, c), fraction_, half_away)));
  }
  Index rows() const { return rows_; }
  int fraction() const { return fraction_; }
  const std::int64_t* operator[](Index c) const { return codes_.data() + c * rows_; }

 private:
  Index rows_;
  int fraction_ = 0;
  std::vector<std::int64_t> codes_;
};

// The format of an operand: its width in bits, and how many of these are fraction bits.
struct Format {
  int bits, fraction;
  float value(Whole code) const { return std::ldexp(static_cast<float>(code), -fraction); }
};

// A function on [0, 16], as straight lines between its values at the knots k / 128. These values
// are multiples of 2^-18. They and the results are rounded half up.
class Curve {
 public:
  explicit Curve(long double (*function)(long double)) {
    for (int k = 0; k <= 2048; ++k)
      knots_.push_back(static_cast<std::int64_t>(std::floor(function(k / 128.0L) * 262144 + 0.5L)));
  }
  // Returns the function in units of 2^-15 at z, which is in units of 2^-20 and at least 0.
  Whole operator()(Whole z) const {
    constexpr int kSteps = 8192;  // units of z from knot to knot
    const Whole last = 2048 * kSteps - 1, within = std::min(z, last);
    const auto k = static_cast<std::size_t>(within / kSteps);
    const Whole value = knots_[k] * kSteps + (knots_[k + 1] - knots_[k]) * (within % kSteps);
    return half_up(value, kSteps * 8);
  }

 private:
  std::vector<std::int64_t> knots_;
};

inline Whole sigmoid(Whole z) {
  static const Curve curve([](long double x) { return 1 / (1 + std::exp(-x)); });
  return z < 0 ? power(kGateFraction) - curve(-z) : curve(z);
}

inline Whole hyperbolic_tangent(Whole z) {
  static const Curve curve([](long double x) { return std::tanh(x); });
  return z < 0 ? -curve(-z) : curve(z);
}

}  // namespace edgeval::test
