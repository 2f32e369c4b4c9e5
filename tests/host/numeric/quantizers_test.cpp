// Compares the quantizers with values worked out by hand and with slow literal forms, and tests
// what must hold for any input.
#include "host/numeric/quantizers.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <vector>

#include "host/numeric/quantizers_balanced.hpp"
#include "host/numeric/quantizers_multi_bit.hpp"
#include "host/numeric/random.hpp"
#include "tests/support/random_values.hpp"

namespace edgeval {
namespace {

using test::random_values;

const std::vector<std::size_t> kSizes{0, 1, 31, 32, 33};

double squared_error(std::span<const float> x, const MultiBitCodes& code) {
  double sum = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    const double error = static_cast<double>(x[i]) - code.value(code.codes[i]);
    sum += error * error;
  }
  return sum;
}

TEST(RoundWhole, EachRuleAtHalvesBelowAndAboveZero) {
  const auto round = [](double value, Rounding rounding) {
    return round_whole(value, rounding, 0.4);
  };
  EXPECT_EQ(round(2.5, Rounding::kHalfUp), 3);
  EXPECT_EQ(round(-2.5, Rounding::kHalfUp), -2);
  EXPECT_EQ(round(2.5, Rounding::kHalfEven), 2);
  EXPECT_EQ(round(3.5, Rounding::kHalfEven), 4);
  EXPECT_EQ(round(-2.5, Rounding::kHalfEven), -2);
  EXPECT_EQ(round(-3.5, Rounding::kHalfEven), -4);
  EXPECT_EQ(round(-0.5, Rounding::kHalfEven), 0);
  EXPECT_EQ(round(2.9, Rounding::kFloor), 2);
  EXPECT_EQ(round(-2.1, Rounding::kFloor), -3);
  EXPECT_EQ(round(2.5, Rounding::kStochastic), 3);   // the draw of 0.4 is below 0.5
  EXPECT_EQ(round(2.25, Rounding::kStochastic), 2);  // the draw of 0.4 is not below 0.25
  // The number just below a half must not be lost in value + 0.5.
  EXPECT_EQ(round(std::nextafter(0.5, 0), Rounding::kHalfUp), 0);
}

TEST(RoundWhole, WholeNumbersStayWhateverTheRule) {
  for (double whole : {-32768.0, -1.0, 0.0, 7.0, 8388607.0})
    for (Rounding rounding :
         {Rounding::kHalfUp, Rounding::kHalfEven, Rounding::kFloor, Rounding::kStochastic})
      for (double uniform : {0.0, 1 - 0x1p-53})
        EXPECT_EQ(round_whole(whole, rounding, uniform), whole);
}

TEST(RoundWhole, StochasticRoundingIsRightOnAverage) {
  SplitMix64 random(3);
  double sum = 0;
  constexpr int kDraws = 100'000;
  for (int i = 0; i < kDraws; ++i)
    sum += round_whole(-1.7, Rounding::kStochastic, random.uniform());
  EXPECT_NEAR(sum / kDraws, -1.7, 5 * 0.46 / std::sqrt(kDraws));  // 5 standard errors
}

TEST(FixedPointFormat, SaturatesAtBothEndsAndSymmetricLeavesOutTheLeastCode) {
  const FixedPointFormat full{.bits = 8, .fraction_bits = 4}, symmetric{8, 4, true};
  EXPECT_EQ(full.quantize(100, Rounding::kHalfUp, 0), 127.0 / 16);
  EXPECT_EQ(full.quantize(-100, Rounding::kHalfUp, 0), -8.0);
  EXPECT_EQ(symmetric.quantize(-100, Rounding::kHalfUp, 0), -127.0 / 16);
  EXPECT_EQ(full.quantize(0.03125, Rounding::kHalfUp, 0), 0.0625);  // 0.5 of a step
  EXPECT_EQ(full.quantize(-0.03125, Rounding::kHalfUp, 0), 0);
}

TEST(FixedPointFormat, TwoSymmetricBitsWithOneFractionBitArePow2Ternarization) {
  const FixedPointFormat q11{2, 1, true};  // P2: Q(1,1) is {-0.5, 0, 0.5}
  std::vector<double> values;
  for (double x = -2; x <= 2; x += 0.125) values.push_back(q11.quantize(x, Rounding::kHalfUp, 0));
  std::ranges::sort(values);
  values.erase(std::unique(values.begin(), values.end()), values.end());
  EXPECT_EQ(values, (std::vector<double>{-0.5, 0, 0.5}));
}

TEST(FixedPointFormat, ErrsByHalfAStepAtMostIsMonotonicAndIdempotent) {
  for (int bits : {2, 3, 8, 12, 16}) {
    std::vector<float> x = random_values(500, static_cast<std::uint64_t>(bits));
    std::ranges::sort(x);
    const FixedPointFormat format{bits, fitting_fraction_bits(1.0, bits)};
    const double step = std::ldexp(1.0, -format.fraction_bits);
    double last = -1e9;
    for (float value : x) {
      const double q = format.quantize(value, Rounding::kHalfUp, 0);
      EXPECT_LE(std::abs(q - value), step / 2);
      EXPECT_GE(q, last);
      EXPECT_EQ(format.quantize(q, Rounding::kStochastic, 0.999), q);
      last = q;
    }
  }
}

TEST(FittingFractionBits, AreTheMostThatDoNotSaturate) {
  // The expectation is found by trying every format.
  for (double magnitude :
       {1.0, 0.9921875, 127.0 / 128, 127.5 / 128, 0.1, 3.0, 127.0, 128.0, 1e-20, 1e20})
    for (int bits : {2, 8, 16}) {
      int most = -200;
      for (int f = -200; f <= 200; ++f)
        if (std::ldexp(magnitude, f) <= std::ldexp(1.0, bits - 1) - 1) most = f;
      EXPECT_EQ(fitting_fraction_bits(magnitude, bits), most) << magnitude << ", " << bits;
    }
  EXPECT_EQ(fitting_fraction_bits(0, 8), 7);
}

TEST(PowerOfTwoLevels, SwitchAtTheGeometricMidpoint) {
  const PowerOfTwoLevels levels{-3, 1};
  const float midpoint = 1.41421356F;  // sqrt(2) = 1.41421356237..., the float is just below
  EXPECT_LT(static_cast<double>(midpoint), std::sqrt(2.0));
  EXPECT_EQ(levels.quantize(midpoint, 0), 1);
  EXPECT_EQ(levels.quantize(std::nextafter(midpoint, 2.0F), 0), 2);
  EXPECT_EQ(levels.quantize(1.45, 0), 2);  // arithmetically nearer to 1
  EXPECT_EQ(levels.quantize(-0.36F, 0), -0.5);
  EXPECT_EQ(levels.quantize(-0.35F, 0), -0.25);
}

TEST(PowerOfTwoLevels, SaturateAboveAndTakeZeroOrTheLeastBelow) {
  const PowerOfTwoLevels with_zero{-3, 1}, without{-3, 1, false};
  EXPECT_EQ(with_zero.quantize(100, 0), 2);
  EXPECT_EQ(with_zero.quantize(-100, 0), -2);
  EXPECT_EQ(with_zero.quantize(0.09, 0), 0.125);  // 2^-3.47 rounds to 2^-3
  EXPECT_EQ(with_zero.quantize(0.088, 0), 0);     // 2^-3.51 rounds to 2^-4, which is no level
  EXPECT_EQ(without.quantize(0.088, 0), 0.125);
  EXPECT_EQ(without.quantize(-0.001, 0), -0.125);
  EXPECT_EQ(with_zero.quantize(0, 0), 0);
  EXPECT_EQ(without.quantize(0, 0), 0.125);
  EXPECT_EQ(without.quantize(-0.0, 0), 0.125);  // sign(0) = +1
  EXPECT_EQ(with_zero.levels(), 11);
  EXPECT_EQ(without.levels(), 10);
}

TEST(PowerOfTwoLevels, EqualRoundedLogarithms) {
  const PowerOfTwoLevels levels{-20, 2};
  for (float x : random_values(2000, 5)) {
    if (x == 0) continue;
    const double magnitude = std::exp2(std::round(std::log2(std::abs(static_cast<double>(x)))));
    EXPECT_EQ(levels.quantize(x, 0), x < 0 ? -magnitude : magnitude) << x;
    EXPECT_EQ(levels.quantize(levels.quantize(x, 0), 0), levels.quantize(x, 0));
  }
}

TEST(PowerOfTwoLevels, StochasticExponentsKeepTheMean) {
  const PowerOfTwoLevels levels{-6, 2, true, true};
  SplitMix64 random(8);
  double sum = 0;
  constexpr int kDraws = 100'000;
  for (int i = 0; i < kDraws; ++i) sum += levels.quantize(0.7, random.uniform());
  EXPECT_NEAR(sum / kDraws, 0.7, 5 * 0.25 / std::sqrt(kDraws));
  EXPECT_EQ(levels.quantize(0.5, 0), 0.5);  // a power of two has no choice
}

TEST(FewLevels, SignsThresholdsAndTies) {
  EXPECT_TRUE(binary_is_high(0.0));
  EXPECT_TRUE(binary_is_high(-0.0));
  EXPECT_FALSE(binary_is_high(-1e-30));
  EXPECT_FALSE(binary_is_high(0.0, 0.5));  // high for the draws below the probability of 0.5
  EXPECT_TRUE(binary_is_high(0.0, 0.499));
  EXPECT_TRUE(binary_is_high(2.0, 0.999));
  EXPECT_FALSE(binary_is_high(-2.0, 0.0));
  EXPECT_EQ(ternary(0.5, 0.5), 0);
  EXPECT_EQ(ternary(0.51, 0.5), 1);
  EXPECT_EQ(ternary(-0.51, 0.5), -1);
  EXPECT_EQ(ternary(0, 0), 0);
  EXPECT_EQ(ternary_stochastic(-0.3, 0.29), -1);
  EXPECT_EQ(ternary_stochastic(-0.3, 0.3), 0);
  EXPECT_EQ(ternary_stochastic(5, 0.999), 1);
  EXPECT_EQ(quaternary(0.75, 0.75), 1);
  EXPECT_EQ(quaternary(0.74, 0.75), 0.5);
  EXPECT_EQ(quaternary(-0.75, 0.75), -1);
  EXPECT_EQ(quaternary(-0.1, 0.75), -0.5);
  EXPECT_EQ(quaternary(-0.0, 0.75), 0.5);
}

TEST(MultiBit, GreedyFollowsItsResidual) {
  // First alpha is 2, with residuals 1, 1, 0; then alpha is 2/3, with all codes +.
  const std::vector<float> x{3, -1, 2};
  const MultiBitCodes code = multi_bit_codes(x, 2, MultiBitMethod::kGreedy, 0);
  EXPECT_EQ(code.alphas, (std::vector<double>{2, 2.0 / 3}));
  EXPECT_EQ(code.codes, (std::vector<std::uint32_t>{0b11, 0b10, 0b11}));
}

TEST(MultiBit, RefinedAlphasAreThoseOfLeastSquares) {
  // The greedy codes B = (1 1; -1 1; 1 1) give B'B = (3 1; 1 3), B'x = (6, 4) and so the alphas
  // (14, 6) / 8.
  const std::vector<float> x{3, -1, 2};
  const MultiBitCodes code = multi_bit_codes(x, 2, MultiBitMethod::kRefined, 0);
  EXPECT_NEAR(code.alphas[0], 1.75, 1e-14);
  EXPECT_NEAR(code.alphas[1], 0.75, 1e-14);
}

TEST(MultiBit, CodesThatDependOnEachOtherKeepTheirAlphas) {
  // For one element alpha is 0.7. Then the residual is 0, with code + and alpha 0 again, so that
  // B'B is singular.
  for (MultiBitMethod method :
       {MultiBitMethod::kGreedy, MultiBitMethod::kRefined, MultiBitMethod::kAlternating}) {
    const std::vector<float> one{-0.75F};
    const MultiBitCodes code = multi_bit_codes(one, 3, method, 2);
    EXPECT_EQ(code.alphas, (std::vector<double>{0.75, 0, 0}));
    EXPECT_EQ(code.value(code.codes[0]), -0.75);
    const std::vector<float> zeros(33);
    const MultiBitCodes none = multi_bit_codes(zeros, 3, method, 2);
    EXPECT_EQ(none.alphas, (std::vector<double>{0, 0, 0}));
    EXPECT_EQ(none.value(none.codes[5]), 0);
  }
}

TEST(MultiBit, OneBitIsTheMeanMagnitudeWithTheSigns) {
  for (std::size_t size : kSizes) {
    const std::vector<float> x = random_values(size, size + 1);
    double mean = 0;
    for (float value : x) mean += std::abs(static_cast<double>(value));
    mean = size > 0 ? mean / static_cast<double>(size) : 0;
    for (MultiBitMethod method :
         {MultiBitMethod::kGreedy, MultiBitMethod::kRefined, MultiBitMethod::kAlternating}) {
      const MultiBitCodes code = multi_bit_codes(x, 1, method, 2);
      EXPECT_NEAR(code.alphas[0], mean, 1e-15);
      for (std::size_t i = 0; i < size; ++i) EXPECT_EQ(code.codes[i], x[i] >= 0 ? 1U : 0U);
    }
  }
}

TEST(MultiBit, AlternatingNeverEndsAboveGreedyAndMoreRoundsNeverAboveFewer) {
  for (std::size_t size : {1, 2, 3, 31, 32, 33, 500})
    for (int bits : {1, 2, 3, 4, 8}) {
      const std::vector<float> x = random_values(size, size * 10 + static_cast<std::size_t>(bits));
      double last = squared_error(x, multi_bit_codes(x, bits, MultiBitMethod::kGreedy, 0));
      for (int cycles = 0; cycles <= 4; ++cycles) {
        const double error =
            squared_error(x, multi_bit_codes(x, bits, MultiBitMethod::kAlternating, cycles));
        EXPECT_LE(error, last + 1e-12) << size << " elements, " << bits << " bits, " << cycles;
        last = error;
      }
    }
}

TEST(MultiBit, TwoRefinedBitsNeverErrMoreThanGreedy) {
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    const std::vector<float> x = random_values(33, seed);
    EXPECT_LE(squared_error(x, multi_bit_codes(x, 2, MultiBitMethod::kRefined, 0)),
              squared_error(x, multi_bit_codes(x, 2, MultiBitMethod::kGreedy, 0)) + 1e-12);
  }
}

TEST(MultiBit, AssignedCodesAreNearestByTryingAll) {
  MultiBitCodes code{{0.5, -0.3, 0.11}, std::vector<std::uint32_t>(200)};
  const std::vector<float> x = random_values(200, 4);
  assign_nearest(x, code);
  for (std::size_t i = 0; i < x.size(); ++i) {
    const double distance = std::abs(static_cast<double>(x[i]) - code.value(code.codes[i]));
    for (std::uint32_t c = 0; c < 8; ++c)
      EXPECT_LE(distance, std::abs(static_cast<double>(x[i]) - code.value(c)) + 1e-15);
  }
}

TEST(MultiBit, HalfwayBetweenTwoSumsTheLowerIsTaken) {
  MultiBitCodes code{{2, 1}, std::vector<std::uint32_t>(3)};  // possible sums: -3, -1, 1, 3
  const std::vector<float> x{0, 2, -2};
  assign_nearest(x, code);
  EXPECT_EQ(code.value(code.codes[0]), -1);
  EXPECT_EQ(code.value(code.codes[1]), 1);
  EXPECT_EQ(code.value(code.codes[2]), -3);
}

TEST(Balanced, GroupsOfDistinctValuesDifferByOneAtMostInSize) {
  for (std::size_t size : kSizes)
    for (int bits : {1, 2, 3}) {
      const std::vector<float> x = random_values(size, size);
      const std::vector<std::uint32_t> groups = balanced_groups(x, bits);
      std::vector<std::size_t> counts(std::size_t{1} << bits);
      for (std::uint32_t group : groups) ++counts[group];
      const auto [least, greatest] = std::ranges::minmax(counts);
      EXPECT_LE(greatest - least, 1U) << size << ", " << bits;
      for (std::size_t i = 0; i < size; ++i)
        for (std::size_t j = 0; j < size; ++j)
          EXPECT_TRUE(!(x[i] < x[j]) || groups[i] <= groups[j]);
    }
}

TEST(Balanced, TiesGoToTheLowerGroup) {
  // Ranks 0 to 7 fall into 4 groups of 2. The three elements of 2 have ranks 1, 2 and 3.
  const std::vector<float> x{9, 2, 1, 2, 5, 2, 4, 8};
  EXPECT_EQ(balanced_groups(x, 2), (std::vector<std::uint32_t>{3, 0, 0, 0, 2, 0, 2, 3}));
}

TEST(Balanced, LevelsAreUniformFromLeastToGreatest) {
  std::vector<float> x{9, 2, 1, 3, 5, 2.5F, 4, 7};  // sorted 1 2 | 2.5 3 | 4 5 | 7 9
  quantize_balanced(x, 2);
  const float third = static_cast<float>(1 + 8.0 / 3),
              two_thirds = static_cast<float>(1 + 16.0 / 3);
  EXPECT_EQ(x, (std::vector<float>{9, 1, 1, third, two_thirds, third, two_thirds, 9}));
}

TEST(Balanced, EqualValuesAndSingleOnesStay) {
  for (const std::vector<float>& x :
       {std::vector<float>(33, 0.25F), {-3.0F}, {}, std::vector<float>(32)}) {
    std::vector<float> quantized = x;
    quantize_balanced(quantized, 3);
    EXPECT_EQ(quantized, x);
  }
}

TEST(Balanced, QuantizingAgainChangesNothing) {
  std::vector<float> x = random_values(1000, 77);
  quantize_balanced(x, 4);
  std::vector<float> again = x;
  quantize_balanced(again, 4);
  EXPECT_EQ(again, x);
}

TEST(RandomStream, TheSameSeedAndStreamGiveTheSameNumbersAndOthersDoNot) {
  SplitMix64 a = random_stream(1, 2), b = random_stream(1, 2), c = random_stream(1, 3),
             d = random_stream(2, 2);
  const std::uint64_t first = a.next();
  EXPECT_EQ(b.next(), first);
  EXPECT_NE(c.next(), first);
  EXPECT_NE(d.next(), first);
  for (int i = 0; i < 1000; ++i) {
    const double u = a.uniform();
    EXPECT_TRUE(u >= 0 && u < 1);
  }
}

}  // namespace
}  // namespace edgeval
