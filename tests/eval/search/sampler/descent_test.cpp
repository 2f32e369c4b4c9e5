// The descent by dimension against a plain search of every line.
#include "eval/search/sampler/descent.hpp"

#include <gtest/gtest.h>

#include <limits>
#include <set>

#include "eval/search/sampler/coordinates.hpp"
#include "tests/eval/search/sampler/trade_off.hpp"

namespace edgeval::test {
namespace {

using Points = std::vector<Coordinates>;

// Runs a descent to its end; returns the number of points that it ran.
std::size_t descend(Descent& descent, const TradeOff& problem, const Accepts& accepts) {
  std::size_t ran = 0;
  for (Points batch = descent.next(accepts); !batch.empty(); batch = descent.next(accepts)) {
    ran += batch.size();
    descent.tell(problem.run(batch));
  }
  EXPECT_TRUE(descent.done());
  return ran;
}

// The best of all values on the lines, the last first.
Observed literal_descent(const TradeOff& problem, Observed best) {
  for (int d = static_cast<int>(problem.dimensions.size()) - 1; d >= 0; --d) {
    const Dimension& dimension = problem.dimensions[d];
    const int values = !dimension.is_range() ? 3 : dimension.whole ? 7 : 16;
    const Observed start = best;
    for (int i = 0; i < values; ++i) {
      Coordinates at = start.at;
      at[d] = values < 16 ? (i + 0.5) / values : i < 15 ? i / 15.0 : 1 - 0x1p-53;
      const Observed found = problem.run(at);
      if (found.violation <= 0 && (best.violation > 0 || found.cost < best.cost)) best = found;
      if (found.violation > 0 && best.violation > found.violation) best = found;
    }
  }
  return best;
}

TEST(Descent, EndsWhereAPlainSearchOfTheLinesEnds) {
  for (const std::size_t dimensions : {2, 8, 24})
    for (const std::uint64_t seed : {0, 1, 2, 3, 4})
      for (const double tightness : {0.02, 0.3, 0.6}) {
        const TradeOff problem(dimensions, seed, tightness);
        const auto known = problem.run(problem.random_points(64, seed));
        const Observed expected = literal_descent(problem, best_of(known));
        Descent descent(problem.dimensions, known);
        EXPECT_FALSE(descent.done());
        const std::size_t ran = descend(descent, problem, accepts_all);
        EXPECT_EQ(descent.incumbent().cost, expected.cost);
        EXPECT_EQ(descent.incumbent().violation, expected.violation);
        EXPECT_LE(ran, 16 * dimensions);
        EXPECT_GE(ran, dimensions == 2 ? 30u : 16 * (dimensions - 2) + 3 + 7 - dimensions);
      }
}

TEST(Descent, AsksForNothingTwice) {
  const TradeOff problem(8, 5, 0.5);
  const auto known = problem.run(problem.random_points(64, 5));
  Descent descent(problem.dimensions, known);
  std::set<std::vector<std::string>> asked;
  for (const Observed& point : known) asked.insert(settings_at(problem.dimensions, point.at));
  for (Points batch = descent.next(accepts_all); !batch.empty();
       batch = descent.next(accepts_all)) {
    for (const Coordinates& at : batch) {
      EXPECT_TRUE(asked.insert(settings_at(problem.dimensions, at)).second);
    }
    descent.tell(problem.run(batch));
  }
}

// Two values of two lists, all known but one.
TEST(Descent, UsesWhatIsKnownOfEqualPoints) {
  const std::vector<Dimension> dimensions{list_of(0, {"a", "b"}), list_of(1, {"x", "y"})};
  const std::vector<Observed> known{{{0.1, 0.1}, 3, 0},
                                    {{0.2, 0.9}, 2, 1},   // not within the budget
                                    {{0.2, 0.6}, 5, 0}};  // an equal point, and better
  Descent descent(dimensions, known);
  EXPECT_EQ(descent.next(accepts_all), (Points{{0.75, 0.1}}));
  descent.tell(std::vector<Observed>{{{0.75, 0.1}, 2.5, -1}});
  EXPECT_EQ(descent.incumbent().cost, 2.5);
  EXPECT_TRUE(descent.done());
  EXPECT_TRUE(descent.next(accepts_all).empty());
}

TEST(Descent, StartsFromTheLeastViolationWhereNothingIsWithinTheBudget) {
  const std::vector<Dimension> dimensions{list_of(0, {"a", "b", "c"})};
  const double none = std::numeric_limits<double>::quiet_NaN();
  Descent descent(dimensions, std::vector<Observed>{{{0.1}, none, 3}, {{0.4}, 1, 2}});
  EXPECT_EQ(descent.incumbent().violation, 2);
  EXPECT_EQ(descent.next(accepts_all), (Points{snapped(dimensions, {0.9})}));
  descent.tell(std::vector<Observed>{{{0.9}, none, 1}});
  EXPECT_EQ(descent.incumbent().violation, 1);
}

TEST(Descent, LeavesOutWhatIsRefusedOrNotTold) {
  const std::vector<Dimension> dimensions{whole_range(0, 1, 3), whole_range(1, 1, 3)};
  const std::vector<Observed> known{{snapped(dimensions, {0.1, 0.1}), 1, 0}};
  const auto accepts = [](const Coordinates& at) { return at[0] < 0.5 && at[1] < 0.6; };
  Descent descent(dimensions, known);
  EXPECT_EQ(descent.next(accepts), (Points{snapped(dimensions, {0.1, 0.5})}));
  descent.tell({});
  EXPECT_TRUE(descent.next(accepts).empty());
  EXPECT_EQ(descent.incumbent().cost, 1);
  EXPECT_THROW(descent.tell({}), std::logic_error);
}

std::vector<std::string> texts_of(const Dimension& dimension, std::size_t most) {
  std::vector<std::string> texts;
  for (const double u : spread_values(dimension, most)) texts.push_back(value_at(dimension, u));
  return texts;
}

// P3 chooses the layers from the back; the order of the options says nothing.
TEST(Descent, TakesTheKeysOfALayerTogetherAndTheLastLayerFirst) {
  const auto order = [](const std::vector<std::string>& keys) {
    std::vector<Dimension> dimensions;
    for (const std::string& key : keys) dimensions.emplace_back().keys = {key};
    return order_by_layer(dimensions);
  };
  EXPECT_EQ(order({"layers.a.plan.threshold", "layers.b.plan.threshold", "plan.shift",
                   "layers.a.operand.threshold_x", "layers.b.operand.threshold_x"}),
            (std::vector<std::size_t>{2, 0, 3, 1, 4}));
  EXPECT_EQ(order({"x", "y", "z"}), (std::vector<std::size_t>{0, 1, 2}));
}

TEST(SpreadValues, ReachBothEndsAndComeOnce) {
  using Texts = std::vector<std::string>;
  EXPECT_EQ(texts_of(real_range(0), 5), (Texts{"0", "0.25", "0.5", "0.75", "1"}));
  EXPECT_EQ(texts_of(whole_range(0, 1, 5), 5), (Texts{"1", "2", "3", "4", "5"}));
  EXPECT_EQ(texts_of(whole_range(0, 1, 99), 5), (Texts{"1", "25", "50", "75", "99"}));
  EXPECT_EQ(texts_of(whole_range(0, 1, 15, true), 5), (Texts{"1", "2", "4", "8", "15"}));
  EXPECT_EQ(texts_of(whole_range(0, 7, 7), 5), Texts{"7"});
  EXPECT_EQ(texts_of(list_of(0, {"x", "y", "z"}), 2), (Texts{"x", "y", "z"}));
  Dimension fixed = real_range(0);
  fixed.low = 1;
  EXPECT_EQ(texts_of(fixed, 5), Texts{"1"});
}

}  // namespace
}  // namespace edgeval::test
