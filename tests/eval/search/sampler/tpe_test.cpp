// Proposals of the Parzen estimator: which points count as good, the choice among candidates, what
// a batch may hold, and how it fares beside random points.
#include "eval/search/sampler/tpe.hpp"

#include <gtest/gtest.h>

#include <limits>
#include <set>

#include "eval/search/sampler/coordinates.hpp"
#include "eval/search/sampler/parzen.hpp"
#include "eval/search/sobol.hpp"
#include "tests/eval/search/sampler/trade_off.hpp"
#include "tests/support/paths.hpp"

namespace edgeval::test {
namespace {

constexpr double kNoNumber = std::numeric_limits<double>::quiet_NaN();

TEST(IsBetter, OrdersByBudgetThenCostOrViolation) {
  const std::vector<Observed> in_order{{{0.5}, 1, -2}, {{0.1}, 2, -3}, {{0.2}, 2, -3},
                                       {{0.0}, 2, 0},  {{0.3}, 9, -9}, {{0.4}, kNoNumber, 0.1},
                                       {{0.6}, 0, 0.2}};
  for (std::size_t a = 0; a < in_order.size(); ++a)
    for (std::size_t b = 0; b < in_order.size(); ++b)
      EXPECT_EQ(is_better(in_order[a], in_order[b]), a < b) << a << " " << b;
}

TEST(GoodCount, IsATenthAndAtMost25) {
  for (const auto& [known, good] : std::vector<std::pair<std::size_t, std::size_t>>{
           {0, 0}, {1, 1}, {10, 1}, {11, 2}, {241, 25}, {250, 25}, {251, 25}, {100000, 25}})
    EXPECT_EQ(good_count(known), good) << known;
}

TEST(KernelWidths, FallWithTheNumberOfPoints) {
  for (const std::size_t points : {0, 1, 2, 25, 700})
    for (const std::size_t count : {2, 8, 50}) {
      std::vector<Dimension> dimensions(count, real_range(0));
      dimensions[0] = list_of(0, {"x", "y", "z"});
      const auto widths = kernel_widths(dimensions, points);
      const double number = std::max<double>(1, static_cast<double>(points));
      EXPECT_NEAR(widths[0], 3 / (3 + number), 1e-15);
      EXPECT_NEAR(widths[1], 0.2 * std::pow(number, -1.0 / static_cast<double>(count + 4)), 1e-15);
    }
}

// Draws the same candidates and takes the greatest ratio, with the densities as doubles and the
// good ones found by counting better points.
TEST(Propose, TakesTheCandidatesWithTheGreatestRatio) {
  const TradeOff problem(8, 3, 0.6);
  const auto known = problem.run(problem.random_points(45, 3));
  ParzenEstimate good(problem.dimensions, kernel_widths(problem.dimensions, 5));
  ParzenEstimate bad(problem.dimensions, kernel_widths(problem.dimensions, 40 + 6));
  // The good points have their places in the order, which say what component a draw takes.
  std::vector<Coordinates> first(5);
  for (const Observed& point : known) {
    std::size_t better = 0;
    for (const Observed& other : known) {
      const bool within = point.violation <= 0, other_within = other.violation <= 0;
      better += within != other_within ? other_within
                : within               ? other.cost < point.cost
                                       : other.violation < point.violation;
    }
    const Coordinates at = snapped(problem.dimensions, point.at);
    if (better < 5)
      first[better] = at;
    else
      bad.add(at);
  }
  for (const Coordinates& at : first) good.add(at);
  const auto proposals = propose(problem.dimensions, known, 6, 17, 4, accepts_all);
  ASSERT_EQ(proposals.size(), 6u);
  SplitMix64 random = random_stream(17, 4);
  const auto plain = [](const Scaled& number) {
    return std::ldexp(number.fraction, static_cast<int>(number.exponent));
  };
  for (const Coordinates& proposal : proposals) {
    double greatest = 0;
    Coordinates expected;
    for (int i = 0; i < 24; ++i) {
      const Coordinates at = good.draw(random);
      const double ratio = plain(good.density(at)) / plain(bad.density(at));
      if (ratio > greatest) greatest = ratio, expected = at;
    }
    EXPECT_EQ(proposal, expected);
    bad.add(proposal);
  }
}

TEST(Propose, DependsOnItsArgumentsAndNotOnTheOrderOfThePoints) {
  const TradeOff problem(8, 1, 0.6);
  auto known = problem.run(problem.random_points(100, 1));
  known[7].cost = kNoNumber, known[7].violation = 2;
  const auto first = propose(problem.dimensions, known, 20, 1, 2, accepts_all);
  EXPECT_EQ(first.size(), 20u);
  EXPECT_EQ(propose(problem.dimensions, known, 20, 1, 2, accepts_all), first);
  EXPECT_NE(propose(problem.dimensions, known, 20, 1, 3, accepts_all), first);
  EXPECT_NE(propose(problem.dimensions, known, 20, 2, 2, accepts_all), first);
  std::reverse(known.begin(), known.end());
  std::swap(known[3], known[50]);
  EXPECT_EQ(propose(problem.dimensions, known, 20, 1, 2, accepts_all), first);
}

TEST(Propose, TakesOnlyWhatIsAcceptedAndNothingTwice) {
  const TradeOff problem(8, 1, 0.6);
  const auto known = problem.run(problem.random_points(100, 1));
  const auto accepts = [](const Coordinates& at) { return at[0] < at[2]; };
  std::set<std::vector<std::string>> settings;
  for (const Coordinates& at : propose(problem.dimensions, known, 64, 1, 0, accepts)) {
    EXPECT_TRUE(accepts(at));
    EXPECT_EQ(at, snapped(problem.dimensions, at));
    EXPECT_TRUE(settings.insert(settings_at(problem.dimensions, at)).second);
  }
  EXPECT_EQ(settings.size(), 64u);
  EXPECT_TRUE(propose(problem.dimensions, known, 64, 1, 0, [](const Coordinates&) {
                return false;
              }).empty());
}

TEST(Propose, GivesFewerWhereTheSpaceIsSmall) {
  const std::vector<Dimension> dimensions{list_of(0, {"x", "y", "z"}), whole_range(1, 1, 4)};
  EXPECT_EQ(propose(dimensions, {}, 64, 1, 0, accepts_all).size(), 12u);
  const std::vector<Observed> known{{{0.1, 0.1}, 1, 0}};
  const auto accepts = [&](const Coordinates& at) {
    return settings_at(dimensions, at) != settings_at(dimensions, known[0].at);
  };
  EXPECT_EQ(propose(dimensions, known, 64, 1, 0, accepts).size(), 11u);
}

TEST(Propose, RefusesPointsThatAreNone) {
  const std::vector<Dimension> dimensions{real_range(0)};
  for (const Observed& point : std::vector<Observed>{
           {{0.5, 0.5}, 1, 0}, {{1.0}, 1, 0}, {{0.5}, kNoNumber, 0}, {{0.5}, 1, kNoNumber}})
    EXPECT_THROW(propose(dimensions, std::vector{point}, 1, 1, 0, accepts_all), std::logic_error);
  EXPECT_THROW(propose({}, {}, 1, 1, 0, accepts_all), std::logic_error);
}

// The points of a batch are further from each other when the earlier ones count as bad: with the
// batches of one proposal each, which know of none, the nearest pairs are closer.
TEST(Propose, SpreadsABatch) {
  const TradeOff problem(2, 1, 0.6);
  const auto known = problem.run(problem.random_points(64, 1));
  const auto nearest = [](const std::vector<Coordinates>& points) {
    double sum = 0;
    for (const Coordinates& a : points) {
      double least = 2;
      for (const Coordinates& b : points)
        if (a != b) least = std::min(least, std::hypot(a[0] - b[0], a[1] - b[1]));
      sum += least;
    }
    return sum / static_cast<double>(points.size());
  };
  std::vector<Coordinates> alone;
  for (std::uint64_t batch = 0; batch < 32; ++batch)
    alone.push_back(propose(problem.dimensions, known, 1, 1, batch, accepts_all).front());
  EXPECT_GT(nearest(propose(problem.dimensions, known, 32, 1, 0, accepts_all)),
            1.3 * nearest(alone));
}

// The best of `count` points: 64 of a Sobol sequence, then proposals in batches of 64.
Observed best_proposed(const TradeOff& problem, std::size_t count, std::uint64_t seed) {
  std::vector<std::uint64_t> shift;
  for (std::size_t d = 0; d < problem.dimensions.size(); ++d)
    shift.push_back(random_stream(seed, ~std::uint64_t{d}).next());
  SobolSequence sequence(shift);
  std::vector<Observed> known;
  while (known.size() < 64) known.push_back(problem.run(sequence.next()));
  for (std::uint64_t batch = 0; known.size() < count; ++batch)
    for (const Observed& found :
         problem.run(propose(problem.dimensions, known, 64, seed, batch, accepts_all)))
      known.push_back(found);
  return best_of(known);
}

struct Fares {
  std::size_t dimensions, points;
  int wins;           // of 20 seeds at least
  double least_gain;  // mean of the costs of random points over those of proposals, at least
};

TEST(Propose, FindsCheaperPointsThanRandomOnes) {
  constexpr int kSeeds = 20;
  std::vector<Fares> cases{{2, 256, 17, 1.01}, {8, 256, 16, 1.05}, {24, 384, 16, 1.06}};
  if (takes_whole_sets()) cases.push_back({24, 512, 17, 1.1});
  for (const Fares& fares : cases) {
    int wins = 0;
    double ours = 0, theirs = 0;
    for (std::uint64_t seed = 0; seed < kSeeds; ++seed) {
      const TradeOff problem(fares.dimensions, seed, 0.6);
      const Observed proposed = best_proposed(problem, fares.points, seed);
      const Observed random = best_of(problem.run(problem.random_points(fares.points, seed)));
      wins += is_better(proposed, random);
      if (!proposed.is_within_budget() || !random.is_within_budget()) continue;
      ours += proposed.cost;
      theirs += random.cost;
    }
    EXPECT_GE(wins, fares.wins) << fares.dimensions;
    EXPECT_GT(theirs, fares.least_gain * ours) << fares.dimensions;
    RecordProperty("wins" + std::to_string(fares.dimensions), wins);
  }
}

}  // namespace
}  // namespace edgeval::test
