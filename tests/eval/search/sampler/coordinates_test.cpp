// Settings and stretches of coordinates, against value_at at many places.
#include "eval/search/sampler/coordinates.hpp"

#include <gtest/gtest.h>

#include <map>

#include "tests/eval/search/sampler/trade_off.hpp"

namespace edgeval::test {
namespace {

std::vector<Dimension> counted_out() {
  return {list_of(0, {"x", "y", "z"}),     list_of(0, {"x"}),          whole_range(0, -2, 3),
          whole_range(0, 1, 300, true),    whole_range(0, 3, 1000000), whole_range(0, 5, 5, true),
          whole_range(0, 1, 1000000, true)};
}

TEST(SettingsAt, NameEveryKeyOfEveryDimension) {
  std::vector<Dimension> all{list_of(0, {"x", "y"}), real_range(1)};
  all[1].keys = {"b", "c.d"};
  EXPECT_EQ(settings_at(all, {0.5, 0.25}),
            (std::vector<std::string>{"k0=y", "b=0.25", "c.d=0.25"}));
  EXPECT_THROW(settings_at(all, {0.5}), std::logic_error);
}

TEST(Snapped, KeepsTheValueAndIsTheSameForAllOfItsStretch) {
  SplitMix64 random(5);
  for (const Dimension& dimension : counted_out()) {
    std::map<std::string, double> middles;
    for (int i = 0; i < 3000; ++i) {
      const double u = i == 0 ? 0 : i == 1 ? kLastCoordinate : random.uniform();
      const double middle = snapped(dimension, u);
      const std::string value = value_at(dimension, u);
      ASSERT_EQ(value_at(dimension, middle), value) << u;
      ASSERT_EQ(snapped(dimension, middle), middle) << u;
      ASSERT_EQ(middles.try_emplace(value, middle).first->second, middle) << u;
    }
  }
}

// Within a distance of 1e-12 of its ends, u has the value of the stretch inside and no more
// outside.
TEST(StretchAt, EndsWhereTheValueChanges) {
  constexpr double kNear = 1e-12;
  SplitMix64 random(6);
  for (const Dimension& dimension : counted_out())
    for (int i = 0; i < 300; ++i) {
      const double u = random.uniform();
      const std::string value = value_at(dimension, u);
      const auto [from, to] = stretch_at(dimension, u);
      ASSERT_LT(from, to);
      EXPECT_EQ(value_at(dimension, from + kNear), value);
      EXPECT_EQ(value_at(dimension, to - kNear), value);
      EXPECT_TRUE(from == 0 || value_at(dimension, from - kNear) != value) << value;
      EXPECT_TRUE(to == 1 || value_at(dimension, to + kNear) != value) << value;
    }
}

TEST(StretchAt, OfALogarithmicRangeIsEvenInTheLogarithm) {
  const Dimension range = whole_range(0, 1, 7, true);  // of [1, 8)
  for (const double number : {1., 2., 3., 4., 5., 6., 7.}) {
    const auto [from, to] = stretch_at(range, std::log2(number + 0.5) / 3);
    EXPECT_NEAR(from, std::log2(number) / 3, 1e-14);
    EXPECT_NEAR(to, std::log2(number + 1) / 3, 1e-14);
  }
}

TEST(StretchAt, OfRealNumbersIsOnePlace) {
  EXPECT_EQ(stretch_at(real_range(0), 0.3).from, 0.3);
  EXPECT_EQ(stretch_at(real_range(0), 0.3).to, 0.3);
  EXPECT_EQ(snapped(real_range(0), 0.3), 0.3);
  Dimension fixed = real_range(0);
  fixed.low = fixed.high;
  EXPECT_EQ(snapped(fixed, 0.3), 0.5);
}

TEST(Snapped, LeavesPlacesWhereStretchesAreTooNarrow) {
  const Dimension range = whole_range(0, 1, 999999999999998, true);
  EXPECT_EQ(value_at(range, snapped(range, 0.999)), value_at(range, 0.999));
}

TEST(ValueCount, CountsListsAndWholeNumbers) {
  std::vector<std::uint64_t> counts;
  for (const Dimension& dimension : counted_out()) counts.push_back(*value_count(dimension));
  EXPECT_EQ(counts, (std::vector<std::uint64_t>{3, 1, 6, 300, 999998, 1, 1000000}));
  EXPECT_FALSE(value_count(real_range(0)));
}

}  // namespace
}  // namespace edgeval::test
