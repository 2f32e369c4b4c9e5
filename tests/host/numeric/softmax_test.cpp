// Compares the tables of the integer softmax with libm, and its roundings with values by hand.
#include "host/engine/translate/softmax.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "host/numeric/random.hpp"
#include "host/numeric/softmax.hpp"

namespace edgeval::test {
namespace {

TEST(Softmax, ExponentialsAreNearTheExactOnes) {
  const SoftmaxTables& tables = softmax_tables();
  EXPECT_EQ(exp_of_distance(tables, 0), 1U << kExpBits);
  for (double d = 0; d < 30; d += 0.00137) {
    const auto distance = static_cast<std::uint32_t>(d * (1 << kStateBits));
    const double exact = std::exp(-std::ldexp(distance, -kStateBits));
    const double found = std::ldexp(exp_of_distance(tables, distance), -kExpBits);
    EXPECT_NEAR(found, exact, exact * 0x1p-20 + 0x1p-31) << d;
  }
  EXPECT_EQ(exp_of_distance(tables, 22U << kStateBits), 0U);
  EXPECT_EQ(exp_of_distance(tables, 0xFFFFFFFF), 0U);
}

// The definition: n + r = d / ln 2 with 21 fraction bits, 2^-r linear between the knots, and one
// rounding at the end, all in numbers that are wide enough.
std::uint32_t wide_exp_of_distance(const SoftmaxTables& tables, std::uint32_t distance) {
  const std::uint64_t log2 = (distance * kLog2OfE) >> 29;
  const std::uint64_t halvings = std::min<std::uint64_t>(log2 >> 21, 32);
  const std::uint64_t knot = (log2 >> 11) & 1023, within = log2 & 2047;
  const std::uint64_t fall = std::uint64_t{tables.power[knot] - tables.power[knot + 1]} * within;
  const std::uint64_t value = tables.power[knot] - ((fall + 1024) >> 11);
  return static_cast<std::uint32_t>((value + (std::uint64_t{1} << halvings)) >> (halvings + 1));
}

TEST(Softmax, ExponentialsAreTheirDefinition) {
  const SoftmaxTables& tables = softmax_tables();
  for (std::uint32_t d = 0; d < 23U << kStateBits; d += 5)
    ASSERT_EQ(exp_of_distance(tables, d), wide_exp_of_distance(tables, d)) << d;
  for (std::uint32_t d = 0xFFFFFFFF; d > 22U << kStateBits; d -= 99991)
    ASSERT_EQ(exp_of_distance(tables, d), wide_exp_of_distance(tables, d)) << d;
}

TEST(Softmax, LogarithmsAreNearTheExactOnes) {
  const SoftmaxTables& tables = softmax_tables();
  EXPECT_EQ(ln_of_sum(tables, 1U << kExpBits), 0);
  for (double sum = 1; sum < 1e6; sum *= 1.00731) {
    const auto fixed = static_cast<std::uint64_t>(std::ldexp(sum, kExpBits));
    EXPECT_NEAR(std::ldexp(static_cast<double>(ln_of_sum(tables, fixed)), -kStateBits),
                std::log(std::ldexp(static_cast<double>(fixed), -kExpBits)), 0x1p-20);
  }
}

TEST(Softmax, DistancesRoundAndSaturate) {
  EXPECT_EQ(score_distance(3, kStateBits), 3U);
  EXPECT_EQ(score_distance(3, kStateBits + 1), 2U);  // 1.5 rounds up
  EXPECT_EQ(score_distance(5, kStateBits - 2), 20U);
  EXPECT_EQ(score_distance(std::int64_t{1} << 40, kStateBits), 0xFFFFFFFFU);
  EXPECT_EQ(score_distance(1, -20), 0xFFFFFFFFU);
  EXPECT_EQ(score_distance(0, -20), 0U);
  EXPECT_EQ(score_distance(std::int64_t{1} << 60, 90), 0U);
}

TEST(Softmax, QuotientsRoundHalfAwayFromZero) {
  EXPECT_EQ(rounded_quotient(5, Divisor::of(2)), 3);
  EXPECT_EQ(rounded_quotient(-5, Divisor::of(2)), -3);
  EXPECT_EQ(rounded_quotient(4, Divisor::of(3)), 1);
  EXPECT_EQ(rounded_quotient(-5, Divisor::of(3)), -2);
  EXPECT_EQ(rounded_quotient(0, Divisor::of(7)), 0);
  SplitMix64 random(1);
  for (int i = 0; i < 300000; ++i) {
    // Around whole and half quotients of divisors of all sizes.
    const auto weights = static_cast<std::int64_t>(random.next() >> (3 + random.next() % 60)) %
                             (std::int64_t{1} << 45) +
                         1;
    const auto quotient = static_cast<std::int64_t>(random.next() % 65537);
    const std::int64_t sum = std::max<std::int64_t>(
        0, quotient * weights - static_cast<std::int64_t>(random.next() & 1) * (weights / 2) +
               static_cast<std::int64_t>(random.next() % 5) - 2);
    const std::int64_t exact = (sum + weights / 2) / weights;
    if (exact > 65536) continue;
    ASSERT_EQ(rounded_quotient(sum, Divisor::of(weights)), exact) << sum << " / " << weights;
    ASSERT_EQ(rounded_quotient(-sum, Divisor::of(weights)), -exact) << sum << " / " << weights;
  }
}

TEST(Softmax, ARowsFormatIsTheFinestThatHoldsIt) {
  EXPECT_EQ(finest_row_bits(0, 16), 0);
  EXPECT_EQ(finest_row_bits(1, 16), 14);  // 2^15 would exceed the range by one
  EXPECT_EQ(finest_row_bits(0.9999F, 16), 15);
  EXPECT_EQ(finest_row_bits(127, 8), 0);
  EXPECT_EQ(finest_row_bits(128, 8), -1);
  EXPECT_EQ(finest_row_bits(0x1p-100F, 8), 106);
}

// Each of V equal logits has the probability 1 / V.
TEST(Softmax, LogProbabilitiesOfEqualLogitsAreThoseOfAFairDraw) {
  const std::vector<std::int32_t> logits(1000, -7 << kStateBits);
  std::vector<float> lp(1000);
  log_softmax(logits.data(), 1000, lp.data());
  EXPECT_EQ(lp[0], -std::round(std::log(1000.0) * 65536) / 65536);
  EXPECT_EQ(lp[0], lp[999]);
  const std::int32_t far[] = {std::numeric_limits<std::int32_t>::max(),
                              std::numeric_limits<std::int32_t>::min()};
  log_softmax(far, 2, lp.data());
  EXPECT_EQ(lp[0], 0);
  EXPECT_EQ(lp[1], -4096);
}

}  // namespace
}  // namespace edgeval::test
