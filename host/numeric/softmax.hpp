// The exponential and the logarithm of a softmax in integers, so that attention weights and
// log-probabilities are the same bits for every batch, order and device. The formats are
//   distances from the greatest score   kStateBits fraction bits, 32 bits without a sign, saturated
//   e^-distance                         kExpBits fraction bits; 0 from about 21.5 on
//   ln of a sum of these                kStateBits fraction bits
//   log-probabilities                   kLogBits fraction bits, half away from zero; a float holds
//                                       them exactly down to -256
// e^-d = 2^-n 2^-r with n + r = d / ln 2, and ln(2^n m) = n ln 2 + ln m. 2^-r and ln m come from
// tables and are linear between the knots. Both functions are within 2^-20 of the exact ones, e^-d
// relative to its value as far as kExpBits can show it.
#pragma once

#include <cstdint>

#include "host/numeric/fixed_point.hpp"

namespace edgeval {

inline constexpr int kExpBits = 30;
inline constexpr int kLogBits = 16;
inline constexpr int kSoftmaxKnotBits = 10;  // 1024 segments over r in [0, 1) and over m in [1, 2)
inline constexpr std::uint64_t kLog2OfE = 1549082005;  // 2^30 / ln 2
inline constexpr std::int64_t kLnOf2 = 744261118;      // 2^30 ln 2

// Views of both tables, 1025 knots each, in host or device memory.
struct SoftmaxTables {
  const std::uint32_t* power;      // 2^-(k / 1024) with kExpBits + 1 fraction bits
  const std::uint32_t* logarithm;  // ln(1 + k / 1024) with kExpBits fraction bits
};

// Returns the tables in host memory, which are made once.
const SoftmaxTables& softmax_tables();

// Returns how far a score lies below the greatest, with kStateBits fraction bits, from the
// difference `below` >= 0 with any number of fraction bits.
EDGEVAL_HD std::uint32_t score_distance(std::int64_t below, int fraction_bits) {
  constexpr std::int64_t kMost = 0xFFFFFFFF;
  const int up = kStateBits - fraction_bits;
  if (up < -62) return 0;
  if (up < 0)
    return static_cast<std::uint32_t>(clamp(round_shift(below, -up), std::int64_t{0}, kMost));
  if (up > 32) return static_cast<std::uint32_t>(below == 0 ? 0 : kMost);
  return static_cast<std::uint32_t>(below > kMost >> up ? kMost : below << up);
}

// e^-distance, with kExpBits fraction bits. All numbers but one product fit 32 bits, since e^-22
// rounds to 0 and so does every e^-distance below it.
EDGEVAL_HD_ALWAYS std::uint32_t exp_of_distance(const SoftmaxTables& tables,
                                                std::uint32_t distance) {
  constexpr int kWithinBits = 11, kFractionBits = kSoftmaxKnotBits + kWithinBits;
  constexpr int kUp = 32 - (kStateBits + kExpBits - kFractionBits);
  constexpr std::uint32_t kFarthest = 22U << kStateBits;
  const std::uint32_t near = distance < kFarthest ? distance : kFarthest;
  const auto log2 = static_cast<std::uint32_t>(((near << kUp) * kLog2OfE) >> 32);
  const std::uint32_t halvings = log2 >> kFractionBits;  // 31 at most
  const std::uint32_t knot = (log2 >> kWithinBits) & ((1 << kSoftmaxKnotBits) - 1);
  const std::uint32_t within = log2 & ((1 << kWithinBits) - 1);
  const std::uint32_t fall = (tables.power[knot] - tables.power[knot + 1]) * within;
  const std::uint32_t value =
      tables.power[knot] - ((fall + (1 << (kWithinBits - 1))) >> kWithinBits);
  return ((value >> halvings) + 1) >> 1;
}

// ln(sum), with kStateBits fraction bits; sum has kExpBits fraction bits and is 1 or more.
EDGEVAL_HD std::int64_t ln_of_sum(const SoftmaxTables& tables, std::uint64_t sum) {
  constexpr int kWithinBits = 21, kFractionBits = kSoftmaxKnotBits + kWithinBits;
  int exponent = kExpBits;
  while (sum >> exponent > 1) ++exponent;
  const std::uint64_t mantissa = exponent < kFractionBits ? sum << (kFractionBits - exponent)
                                                          : sum >> (exponent - kFractionBits);
  const std::uint64_t knot = (mantissa >> kWithinBits) - (1 << kSoftmaxKnotBits);
  const std::uint64_t within = mantissa & ((1 << kWithinBits) - 1);
  const std::uint64_t rise = tables.logarithm[knot + 1] - tables.logarithm[knot];
  const auto of_mantissa =
      static_cast<std::int64_t>(tables.logarithm[knot] + (rise * within >> kWithinBits));
  return round_shift((exponent - kExpBits) * kLnOf2 + of_mantissa, kExpBits - kStateBits);
}

// The logarithm of the share e^-distance / sum, from the logarithm of the sum, as a multiple of
// 2^-kLogBits.
EDGEVAL_HD float log_share(std::uint32_t distance, std::int64_t ln_of_sum) {
  const std::int64_t code =
      round_shift(static_cast<std::int64_t>(distance) + ln_of_sum, kStateBits - kLogBits);
  return static_cast<float>(static_cast<double>(-code) / (1 << kLogBits));
}

// What sums are divided by: a number from 1 to 2^61.
struct Divisor {
  std::int64_t value;
  float inverse;
  EDGEVAL_HD static Divisor of(std::int64_t value) {
    return {value, 1.0F / static_cast<float>(value)};
  }
};

// sum / divisor, rounded half away from zero, for |sum| below 2^61 and quotients of 2^16 at most.
// Floats estimate the quotient to within 2^-22 of itself, so that it is one off at most.
EDGEVAL_HD_ALWAYS std::int32_t rounded_quotient(std::int64_t sum, const Divisor& divisor) {
  const std::int64_t dividend = (sum < 0 ? -sum : sum) + divisor.value / 2;
  auto quotient = static_cast<std::int32_t>(static_cast<float>(dividend) * divisor.inverse);
  const std::int64_t rest = dividend - quotient * divisor.value;
  quotient += (rest >= divisor.value ? 1 : 0) - (rest < 0 ? 1 : 0);
  return sum < 0 ? -quotient : quotient;
}

// Returns the fraction bits of a row that has a format of its own: the finest format in which no
// number up to `magnitude` exceeds the greatest code of `bits` bits; 0 where the magnitude is 0.
EDGEVAL_HD int finest_row_bits(float magnitude, int bits) {
  if (magnitude == 0) return 0;
  const auto most = static_cast<double>(highest_of(bits));
  double scaled = static_cast<double>(magnitude);
  int fraction_bits = 0;
  for (; scaled > most && fraction_bits > -128; --fraction_bits) scaled /= 2;
  for (; scaled * 2 <= most && fraction_bits < 200; ++fraction_bits) scaled *= 2;
  return fraction_bits;
}

}  // namespace edgeval
