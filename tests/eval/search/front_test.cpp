// Pareto fronts: cases by hand, and random ones against the definition.
#include "eval/search/front.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>

#include "tests/support/random_case.hpp"

namespace edgeval::test {
namespace {

using Places = std::vector<std::size_t>;
constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
constexpr double kInfinity = std::numeric_limits<double>::infinity();

Places front_of(const std::vector<CostAndError>& points) { return pareto_front(points); }

TEST(Front, HasThePointsThatNoneBeatsTheCheapestFirst) {
  EXPECT_EQ(front_of({{3, 1}, {1, 3}, {2, 2}, {3, 2}, {2, 3}, {4, 0}}), (Places{1, 2, 0, 5}));
  EXPECT_EQ(front_of({{1, 5}, {2, 6}, {3, 7}}), Places{0});
  EXPECT_EQ(front_of({{3, -7}, {2, -6}, {1, -5}}), (Places{2, 1, 0}));
}

TEST(Front, OfOnePointIsThatPointAndOfNoneEmpty) {
  EXPECT_EQ(front_of({{7, 7}}), Places{0});
  EXPECT_EQ(front_of({}), Places{});
}

TEST(Front, OfPointsThatTieInOneHasTheBetterInTheOther) {
  EXPECT_EQ(front_of({{1, 3}, {1, 2}, {1, 4}}), Places{1});
  EXPECT_EQ(front_of({{3, 1}, {2, 1}, {4, 1}}), Places{1});
}

TEST(Front, OfEqualPointsHasTheFirst) {
  EXPECT_EQ(front_of({{2, 2}, {1, 1}, {1, 1}, {1, 1}}), Places{1});
  EXPECT_EQ(front_of({{1, 1}, {0, 2}, {0, 2}, {1, 1}}), (Places{1, 0}));
}

TEST(Front, HasNoPointWithANaN) {
  EXPECT_EQ(front_of({{kNaN, 0}, {5, 5}, {0, kNaN}, {kNaN, kNaN}}), Places{1});
  EXPECT_EQ(front_of({{kNaN, 0}}), Places{});
  EXPECT_EQ(front_of({{1, kInfinity}, {kInfinity, 1}}), (Places{0, 1}));
}

// Whether a is at least as good as b in both, and better in one.
bool beats(const CostAndError& a, const CostAndError& b) {
  return a.cost <= b.cost && a.error <= b.error && (a.cost < b.cost || a.error < b.error);
}

TEST(Front, OfRandomPointsIsThatOfTheDefinition) {
  Random random(1);
  for (int round = 0; round < 300; ++round) {
    // Few values make many ties.
    const Index values = random.whole(1, 12);
    std::vector<CostAndError> points(static_cast<std::size_t>(random.whole(0, 40)));
    for (CostAndError& point : points) {
      point = {static_cast<double>(random.whole(0, values)),
               static_cast<double>(random.whole(0, values))};
      if (random.chance(0.05)) point.cost = kNaN;
      if (random.chance(0.05)) point.error = kNaN;
    }
    Places expected;
    for (std::size_t p = 0; p < points.size(); ++p) {
      bool on = points[p].cost == points[p].cost && points[p].error == points[p].error;
      for (std::size_t q = 0; q < points.size(); ++q) {
        const bool equal = points[q].cost == points[p].cost && points[q].error == points[p].error;
        on = on && !beats(points[q], points[p]) && !(equal && q < p);
      }
      if (on) expected.push_back(p);
    }
    std::ranges::sort(expected, {}, [&](std::size_t p) { return points[p].cost; });
    EXPECT_EQ(front_of(points), expected) << round;
  }
}

}  // namespace
}  // namespace edgeval::test
