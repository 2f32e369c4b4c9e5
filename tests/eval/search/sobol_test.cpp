// The Sobol sequence against that of scipy, and what a digital shift keeps.
#include "eval/search/sobol.hpp"

#include <gtest/gtest.h>

#include <set>

namespace edgeval::test {
namespace {

// The figures are of tests/golden/draws.py, which prints what scipy 1.17.1 has:
// scipy.stats.qmc.Sobol(6, scramble=False).random(16). Its first point is 0, too, and its
// dimensions have the same order.
TEST(SobolSequence, WithoutAShiftIsThatOfScipy) {
  const std::vector<std::vector<double>> recorded{
      {0, 0, 0, 0, 0, 0},
      {0.5, 0.5, 0.5, 0.5, 0.5, 0.5},
      {0.75, 0.25, 0.25, 0.25, 0.75, 0.75},
      {0.25, 0.75, 0.75, 0.75, 0.25, 0.25},
      {0.375, 0.375, 0.625, 0.875, 0.375, 0.125},
      {0.875, 0.875, 0.125, 0.375, 0.875, 0.625},
      {0.625, 0.125, 0.875, 0.625, 0.625, 0.875},
      {0.125, 0.625, 0.375, 0.125, 0.125, 0.375},
      {0.1875, 0.3125, 0.9375, 0.4375, 0.5625, 0.3125},
      {0.6875, 0.8125, 0.4375, 0.9375, 0.0625, 0.8125},
      {0.9375, 0.0625, 0.6875, 0.1875, 0.3125, 0.5625},
      {0.4375, 0.5625, 0.1875, 0.6875, 0.8125, 0.0625},
      {0.3125, 0.1875, 0.3125, 0.5625, 0.9375, 0.4375},
      {0.8125, 0.6875, 0.8125, 0.0625, 0.4375, 0.9375},
      {0.5625, 0.4375, 0.0625, 0.8125, 0.1875, 0.6875},
      {0.0625, 0.9375, 0.5625, 0.3125, 0.6875, 0.1875},
  };
  SobolSequence sequence(std::vector<std::uint64_t>(6, 0));
  for (const auto& point : recorded) EXPECT_EQ(sequence.next(), point);
}

TEST(SobolSequence, OfFewerDimensionsIsTheFirstOfMore) {
  SobolSequence two({0, 0}), six(std::vector<std::uint64_t>(6, 0));
  for (int i = 0; i < 100; ++i) {
    std::vector<double> first = six.next();
    first.resize(2);
    EXPECT_EQ(two.next(), first);
  }
}

// The exclusive or of 0, 0.5 and 0.75 with the binary digits 0.1011: 0.1011, 0.0011 and 0.0111.
TEST(SobolSequence, AShiftFlipsBinaryDigits) {
  SobolSequence sequence({std::uint64_t{0b1011} << 60});
  EXPECT_EQ(sequence.next(), std::vector<double>{0.6875});
  EXPECT_EQ(sequence.next(), std::vector<double>{0.1875});
  EXPECT_EQ(sequence.next(), std::vector<double>{0.4375});
}

TEST(SobolSequence, ShiftedHasOnePointInEachOfEqualParts) {
  constexpr std::size_t kDimensions = 40;
  std::vector<std::uint64_t> shift(kDimensions);
  for (std::size_t d = 0; d < kDimensions; ++d) shift[d] = 0x9E3779B97F4A7C15 * (d + 1);
  for (const int points : {1, 2, 4, 64, 1024}) {
    SobolSequence sequence(shift);
    std::vector<std::set<int>> parts(kDimensions);
    for (int i = 0; i < points; ++i) {
      const std::vector<double> point = sequence.next();
      for (std::size_t d = 0; d < kDimensions; ++d) {
        EXPECT_TRUE(point[d] >= 0 && point[d] < 1);
        parts[d].insert(static_cast<int>(point[d] * points));
      }
    }
    for (const std::set<int>& met : parts) EXPECT_EQ(met.size(), static_cast<std::size_t>(points));
  }
}

}  // namespace
}  // namespace edgeval::test
