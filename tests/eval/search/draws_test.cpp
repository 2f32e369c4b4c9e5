// Grids, random points and Sobol points, against hand computation and tests/golden/draws.py.
#include "eval/search/draws.hpp"

#include <gtest/gtest.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <map>

#include "eval/search/vary.hpp"
#include "tests/support/refusal.hpp"

namespace edgeval::test {
namespace {

using Texts = std::vector<std::string>;

std::vector<Dimension> dimensions(const Texts& given) {
  return parse_vary(given, {}, [](const std::string&) { return true; });
}

// A range of whole numbers.
std::vector<Dimension> whole(const std::string& given) {
  std::vector<Dimension> all = dimensions({given});
  all[0].whole = true;
  return all;
}

// The next points, at most `count`, each with spaces between its settings.
Texts next_of(Draws& draws, std::size_t count) {
  Texts points;
  while (points.size() < count) {
    const auto settings = draws.next();
    if (!settings) break;
    points.push_back(separated(*settings, " "));
  }
  return points;
}

Texts grid(std::vector<Dimension> given) {
  const std::uint64_t points = grid_points(given);
  Texts all = next_of(*grid_draws(std::move(given)), 1000);
  EXPECT_EQ(all.size(), points);
  return all;
}

using MakeDraws = std::unique_ptr<Draws> (*)(std::vector<Dimension>, std::uint64_t);
constexpr MakeDraws kEndless[] = {random_draws, sobol_draws};

TEST(GridDraws, TakeEveryCombinationWithTheLastDimensionFastest) {
  EXPECT_EQ(grid(dimensions({"a=x,y", "b,c=0:1:3"})),
            (Texts{"a=x b=0 c=0", "a=x b=0.5 c=0.5", "a=x b=1 c=1", "a=y b=0 c=0",
                   "a=y b=0.5 c=0.5", "a=y b=1 c=1"}));
  EXPECT_EQ(grid(dimensions({"a=5"})), Texts{"a=5"});
}

TEST(GridDraws, HaveNothingBehindTheirEnd) {
  const auto draws = grid_draws(dimensions({"a=1,2"}));
  EXPECT_EQ(next_of(*draws, 2).size(), 2u);
  EXPECT_FALSE(draws->next());
  EXPECT_FALSE(draws->next());
}

TEST(GridDraws, RangesHaveEvenDistances) {
  EXPECT_EQ(grid(dimensions({"a=0:1:11"})),
            (Texts{"a=0", "a=0.1", "a=0.2", "a=0.3", "a=0.4", "a=0.5", "a=0.6", "a=0.7", "a=0.8",
                   "a=0.9", "a=1"}));
  EXPECT_EQ(grid(dimensions({"a=-1:1:4"})), (Texts{"a=-1", "a=-0.333333", "a=0.333333", "a=1"}));
  EXPECT_EQ(grid(dimensions({"a=-1:1:3"})), (Texts{"a=-1", "a=0", "a=1"}));
  EXPECT_EQ(grid(dimensions({"a=0.25:0.25"})), Texts{"a=0.25"});
  EXPECT_EQ(grid(dimensions({"a=0.25:0.25:7"})), Texts{"a=0.25"});
}

TEST(GridDraws, LogarithmicRangesHaveEvenRatios) {
  EXPECT_EQ(grid(dimensions({"a=0.001:1:4:log"})), (Texts{"a=0.001", "a=0.01", "a=0.1", "a=1"}));
  EXPECT_EQ(grid(dimensions({"a=1:256:9:log"})),
            (Texts{"a=1", "a=2", "a=4", "a=8", "a=16", "a=32", "a=64", "a=128", "a=256"}));
  // 2^(1/2), and (1e100 / 1e-100)^(1/2).
  EXPECT_EQ(grid(dimensions({"a=1:2:3:log"})), (Texts{"a=1", "a=1.41421", "a=2"}));
  EXPECT_EQ(grid(dimensions({"a=1e-100:1e100:3:log"})), (Texts{"a=1e-100", "a=1", "a=1e+100"}));
}

TEST(GridDraws, WholeNumbersAreRoundedAndComeOnce) {
  EXPECT_EQ(grid(whole("a=1:10:4")), (Texts{"a=1", "a=4", "a=7", "a=10"}));
  EXPECT_EQ(grid(whole("a=1:4:3")), (Texts{"a=1", "a=3", "a=4"}));  // 2.5 becomes 3
  EXPECT_EQ(grid(whole("a=1:3:100")), (Texts{"a=1", "a=2", "a=3"}));
  EXPECT_EQ(grid(whole("a=-2:1:7")), (Texts{"a=-2", "a=-1", "a=0", "a=1"}));
  // 1, 1.58, 2.51, 3.98, 6.31, 10.
  EXPECT_EQ(grid(whole("a=1:10:6:log")), (Texts{"a=1", "a=2", "a=3", "a=4", "a=6", "a=10"}));
  // 1, 1.26, 1.59, 2.
  EXPECT_EQ(grid(whole("a=1:2:4:log")), (Texts{"a=1", "a=2"}));
  // Whole numbers have all their digits.
  EXPECT_EQ(grid(whole("a=1000000:1234567:2")), (Texts{"a=1000000", "a=1234567"}));
  EXPECT_EQ(grid(whole("a=16777216:16777218:3")),
            (Texts{"a=16777216", "a=16777217", "a=16777218"}));
}

TEST(GridDraws, EndsHaveAllTheirDigits) {
  EXPECT_EQ(grid(dimensions({"a=0.12345678:0.87654321:3"})),
            (Texts{"a=0.12345678", "a=0.5", "a=0.87654321"}));
}

TEST(GridDraws, AreRefusedWithoutSteps) {
  EXPECT_EQ(refusal([] {
              grid_draws(dimensions({"a=1,2", "b=0:0.5"}));
            }),
            "--vary b=0:0.5: a grid needs the number of values; write it behind the range, as in "
            "b=0:0.5:5");
}

TEST(GridDraws, AreRefusedAboveAMillionPoints) {
  EXPECT_EQ(grid_points(dimensions({"a=0:1:1000", "b=0:1:100"})), 100000u);
  EXPECT_EQ(refusal([] {
              grid_draws(dimensions({"a=0:1:1000", "b=0:1:1001"}));
            }),
            "--vary b=0:1:1001: with its 1001 values the grid has more than 1000000 points; take "
            "fewer STEPS, or draw points at random");
  // 10^24 points, more than 64 bits count.
  const Texts four{"a=0:1:1000000", "b=0:1:1000000", "c=0:1:1000000", "d=0:1:1000000"};
  EXPECT_NE(refusal([&] { grid_points(dimensions(four)); }).find("more than 1000000 points"),
            std::string::npos);
  // Whole numbers are counted as such.
  EXPECT_EQ(next_of(*grid_draws(whole("a=1:3:1000000")), 10).size(), 3u);
}

TEST(Draws, AreRefusedWithoutADimension) {
  EXPECT_NE(refusal([] { grid_draws({}); }).find("nothing varies"), std::string::npos);
  for (const MakeDraws make : kEndless)
    EXPECT_NE(refusal([&] { make({}, 1); }).find("nothing varies"), std::string::npos);
}

TEST(Draws, AreRefusedWhereSixDigitsHardlyTellValuesApart) {
  for (const MakeDraws make : kEndless) {
    EXPECT_NE(refusal([&] { make(dimensions({"a=100000.1:100000.2"}), 1); }).find("too near"),
              std::string::npos);
    EXPECT_EQ(refusal([&] { make(dimensions({"a=0.99:1"}), 1); }), "accepted");
    EXPECT_EQ(refusal([&] { make(whole("a=1000000:1000001"), 1); }), "accepted");
  }
}

// The figures are of tests/golden/draws.py ("random, seed 7", "Sobol, seed 7").
std::vector<Dimension> of_each_kind() {
  std::vector<Dimension> all = dimensions({"a=0:1", "b=0.001:1:log", "c=1:6", "d=x,y,z"});
  all[2].whole = true;
  return all;
}

TEST(RandomDraws, OfASeedAreThoseOfSplitMix64) {
  EXPECT_EQ(next_of(*random_draws(of_each_kind(), 7), 4),
            (Texts{"a=0.609395 b=0.0168865 c=6 d=x", "a=0.437756 b=0.00294973 c=1 d=x",
                   "a=0.506935 b=0.374553 c=2 d=y", "a=0.609788 b=0.518614 c=3 d=z"}));
}

TEST(SobolDraws, OfASeedAreThoseOfScipyShifted) {
  EXPECT_EQ(next_of(*sobol_draws(of_each_kind(), 7), 4),
            (Texts{"a=0.432752 b=0.0340518 c=4 d=y", "a=0.932752 b=0.00107681 c=1 d=z",
                   "a=0.682752 b=0.191488 c=5 d=x", "a=0.182752 b=0.00605537 c=2 d=y"}));
}

TEST(Draws, OfASeedAreTheSameAgainAndOfSeedsDiffer) {
  for (const MakeDraws make : kEndless) {
    EXPECT_EQ(next_of(*make(of_each_kind(), 3), 20), next_of(*make(of_each_kind(), 3), 20));
    const auto of = [&](std::uint64_t seed) {
      return next_of(*make(dimensions({"a=0:1"}), seed), 1);
    };
    EXPECT_NE(of(3), of(4));
    EXPECT_NE(of(0), of(std::uint64_t{1} << 63));
  }
}

// How often each of the first points comes.
std::map<std::string, int> counted(Draws& draws, std::size_t points) {
  std::map<std::string, int> counts;
  for (const std::string& point : next_of(draws, points)) ++counts[point];
  return counts;
}

// Of 6000 draws each of 6 values is expected 1000 times, with a standard deviation of 29; 150 is
// more than five of these.
TEST(RandomDraws, TakeAllValuesOfAListAndAllWholeNumbersEquallyOften) {
  for (const auto& given : {whole("a=-2:3"), dimensions({"a=u,v,w,x,y,z"})}) {
    const auto counts = counted(*random_draws(given, 1), 6000);
    EXPECT_EQ(counts.size(), 6u);
    for (const auto& [point, count] : counts) EXPECT_NEAR(count, 1000, 150) << point;
  }
}

double value_of(const std::string& point) { return std::stod(point.substr(point.find('=') + 1)); }

// Of 8000 draws a tenth part, or one of three powers of ten, is expected 800 and 2667 times, with
// standard deviations of 27 and 42.
TEST(RandomDraws, AreEvenInTheNumberOrInItsLogarithm) {
  std::vector<int> tenths(10), powers(3);
  for (const std::string& point : next_of(*random_draws(dimensions({"a=5:15"}), 1), 8000))
    ++tenths[std::min(9, static_cast<int>(value_of(point) - 5))];
  for (const int count : tenths) EXPECT_NEAR(count, 800, 140);
  for (const std::string& point : next_of(*random_draws(dimensions({"a=1:1000:log"}), 1), 8000))
    ++powers[value_of(point) < 10 ? 0 : value_of(point) < 100 ? 1 : 2];
  for (const int count : powers) EXPECT_NEAR(count, 2667, 210);
}

// Of the first 16 points each of 16 values, or of 16 whole numbers, comes once, in each dimension;
// of 48 points three times.
TEST(SobolDraws, MeetEveryPartOfEachDimensionEquallyOften) {
  const Texts letters{"a", "b", "c", "d", "e", "f", "g", "h",
                      "i", "j", "k", "l", "m", "n", "o", "p"};
  for (const std::uint64_t seed : {0, 1, 2, 99}) {
    const auto draws = sobol_draws(
        dimensions({"a=" + separated(letters, ","), "b=" + separated(letters, ",")}), seed);
    std::map<std::string, int> counts;
    for (int point = 1; point <= 48; ++point) {
      const auto settings = draws->next();
      for (const std::string& setting : *settings) ++counts[setting];
      if (point % 16 != 0) continue;
      EXPECT_EQ(counts.size(), 32u);
      for (const auto& [setting, count] : counts) EXPECT_EQ(count, point / 16) << setting;
    }
    const auto numbers = counted(*sobol_draws(whole("a=1:16"), seed), 16);
    EXPECT_EQ(numbers.size(), 16u);
  }
}

// The first two dimensions of the sequence are a (0, 2)-sequence: of 16 points, each of the 16
// squares of a quarter by a quarter has one.
TEST(SobolDraws, MeetEverySquareOfTheFirstTwoDimensions) {
  const auto counts = counted(*sobol_draws(dimensions({"a=1,2,3,4", "b=1,2,3,4"}), 5), 16);
  EXPECT_EQ(counts.size(), 16u);
}

TEST(SobolDraws, AreRefusedAboveTheDimensionsOfTheSequence) {
  std::vector<Dimension> many(3668, dimensions({"a=0:1"})[0]);
  EXPECT_EQ(refusal([&] { sobol_draws(many, 1); }),
            "the sweep has 3668 dimensions, and a Sobol sequence at most 3667; draw points at "
            "random");
  many.pop_back();
  EXPECT_EQ(sobol_draws(many, 1)->next()->size(), 3667u);
}

TEST(Draws, StayWithinTheRangeAfterRounding) {
  for (const MakeDraws make : kEndless)
    for (const char* given :
         {"a=0.12345678:0.12349999", "a=-0.2222229:-0.2222", "a=1e-7:3e-7:log"}) {
      const Dimension range = dimensions({given})[0];
      for (const std::string& point : next_of(*make({range}, 1), 500)) {
        EXPECT_GE(value_of(point), range.low) << point;
        EXPECT_LE(value_of(point), range.high) << point;
      }
    }
}

TEST(ValueAt, ReachesBothEndsOfARange) {
  const double last = 1 - 0x1p-53;  // the greatest u
  EXPECT_EQ(value_at(dimensions({"a=2:7"})[0], 0), "2");
  EXPECT_EQ(value_at(dimensions({"a=2:7"})[0], last), "7");
  EXPECT_EQ(value_at(whole("a=2:7")[0], 0), "2");
  EXPECT_EQ(value_at(whole("a=2:7")[0], last), "7");
  EXPECT_EQ(value_at(whole("a=0:999999999999999")[0], last), "999999999999999");
  EXPECT_EQ(value_at(dimensions({"a=x,y,z"})[0], last), "z");
  // Halves of [1, 3) and, in the logarithm, of [1, 4): the whole numbers 1 and 2, and 1 and 2, 3.
  EXPECT_EQ(value_at(whole("a=1:2")[0], 0.499), "1");
  EXPECT_EQ(value_at(whole("a=1:2")[0], 0.5), "2");
  EXPECT_EQ(value_at(whole("a=1:3:log")[0], 0.49), "1");
  EXPECT_EQ(value_at(whole("a=1:3:log")[0], 0.5), "2");
}

TEST(PlainNumber, IsShortAndHasNoExponentWherePeopleNeedNone) {
  EXPECT_EQ(plain_number(0.3), "0.3");
  EXPECT_EQ(plain_number(-0.0), "0");
  EXPECT_EQ(plain_number(1000000), "1000000");
  EXPECT_EQ(plain_number(1e14), "100000000000000");
  EXPECT_EQ(plain_number(0.000001), "0.000001");
  EXPECT_EQ(plain_number(1.5e-7), "1.5e-07");
  EXPECT_EQ(plain_number(-1e15), "-1e+15");
}

TEST(PlainNumber, IsANumberForYaml) {
  for (const double number :
       {0.0, 0.3, -2.5, 1e-6, 9.99999e-7, 1.5e-300, -1e15, 1e100, 123456.0, 0.1 + 0.2, 1e-100})
    EXPECT_EQ(YAML::Load(plain_number(number)).as<double>(), number) << plain_number(number);
}

}  // namespace
}  // namespace edgeval::test
