// Points that are made from draws and lists, and which of them the rules refuse.
#include "eval/search/points.hpp"

#include <gtest/gtest.h>

#include "tests/support/refusal.hpp"

namespace edgeval::test {
namespace {

using Texts = std::vector<std::string>;

Dimension list_of(const std::string& key, const Texts& values) {
  Dimension list;
  list.keys = {key};
  list.text = "--vary " + key;
  list.values = values;
  return list;
}

Texts numbers(int count) {
  Texts texts;
  for (int i = 0; i < count; ++i) texts.push_back(std::to_string(i));
  return texts;
}

// Allows the settings for which allows() holds.
template <class Allows>
MakePoint allowing(Allows allows) {
  return [allows](const Texts& settings) {
    EDGEVAL_EXPECTS(allows(settings), source_of(settings), ": is refused");
    return Point{};
  };
}

TEST(Points, AGridLeavesOutHoweverManyAreRefusedInARow) {
  const auto draws = grid_draws({list_of("a", {"x", "y"}), list_of("b", numbers(1500))});
  const MadePoints made =
      drawn_points(*draws, 0, allowing([](const Texts& settings) { return settings[0] == "a=y"; }));
  EXPECT_EQ(made.points.size(), 1500u);
  EXPECT_EQ(made.refused, 1500);
  EXPECT_EQ(made.refusal, "a=x, b=0: is refused");
  EXPECT_EQ(made.drawn, "point");
}

TEST(Points, AGridOfWhichEveryPointIsRefusedIsRefused) {
  const auto draws = grid_draws({list_of("a", numbers(1001))});
  EXPECT_EQ(refusal([&] { drawn_points(*draws, 0, allowing([](const Texts&) { return false; })); }),
            "the rules of policies refused all of 1001 points, the first for: a=0: is refused");
}

TEST(Points, DrawsAreGivenUpAfterAThousandRefused) {
  const auto draws = random_draws({list_of("a", {"x"})}, 0);
  EXPECT_EQ(refusal([&] { drawn_points(*draws, 1, allowing([](const Texts&) { return false; })); }),
            "the rules of policies refused 1000 draws in a row, the first for: a=x: is refused");
}

TEST(Points, CountsThoseThatDiffer) {
  const auto all = allowing([](const Texts&) { return true; });
  const auto draws = random_draws({list_of("a", {"x", "y"})}, 0);
  const MadePoints made = drawn_points(*draws, 20, all);
  EXPECT_EQ(made.points.size(), 20u);
  EXPECT_EQ(made.different, 2);
  EXPECT_EQ(made.drawn, "draw");
  EXPECT_EQ(listed_points({{{"a=1"}, ""}, {{"a=2"}, ""}, {{"a=1"}, ""}}, all).different, 2);
}

TEST(Points, OfAListAreRefusedWithTheirPlace) {
  const std::vector<ListedPoint> list{{{"a=1"}, "f:1"}, {{"a=2"}, "f:2"}};
  const auto two = allowing([](const Texts& settings) { return settings[0] == "a=1"; });
  EXPECT_EQ(refusal([&] { listed_points(list, two); }), "f:2: a=2: is refused");
  const MakePoint never = [](const Texts&) -> Point { throw Error("p.json: no such file"); };
  EXPECT_EQ(refusal([&] { listed_points(list, never); }), "p.json: no such file");
}

}  // namespace
}  // namespace edgeval::test
