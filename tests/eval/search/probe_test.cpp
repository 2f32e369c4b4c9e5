// What the rules of policies say of the values of --vary before points are drawn.
#include "eval/search/probe.hpp"

#include <gtest/gtest.h>

#include "eval/search/vary.hpp"
#include "tests/support/refusal.hpp"

namespace edgeval::test {
namespace {

using Texts = std::vector<std::string>;

const Texts kReuse{"operand.type=reuse"};
const Texts kSkip{"plan.type=similarity_skip", "plan.threshold=0.5"};

std::vector<Dimension> dimensions_of(const Texts& vary) {
  return parse_vary(vary, Texts{"lstm1", "lstm2", "output"},
                    [](const std::string& key) { return key.find("output") == key.npos; });
}

// Makes points without layers, as the rules for reading policies allow them.
MakePoint maker(const Texts& set) {
  const auto base = std::make_shared<PolicyBase>(std::nullopt, set);
  return [base](const Texts& settings) {
    base->with(settings, source_of(settings));
    return Point{};
  };
}

// Returns which of the ranges have whole numbers alone, as in "10".
std::string whole(const Texts& set, const Texts& vary) {
  std::vector<Dimension> dimensions = dimensions_of(vary);
  EXPECT_EQ(probe(dimensions, maker(set)), "");
  std::string text;
  for (const Dimension& dimension : dimensions) text += dimension.whole ? '1' : '0';
  return text;
}

std::string refusal_with(const Texts& set, const Texts& vary) {
  return refusal([&] { whole(set, vary); });
}

TEST(Probe, FindsWhatIsWholeOfSeveralRangesWithoutAWholeMiddle) {
  EXPECT_EQ(whole(kSkip, {"plan.max_consecutive=1:4", "plan.shift=8:11"}), "11");
  EXPECT_EQ(whole({"operand.type=reuse", "weights.type=multi_bit"},
                  {"operand.clusters=2:5", "weights.bits=2:5"}),
            "11");
  EXPECT_EQ(whole(kReuse, {"layers.*.operand.clusters=2:5"}), "11");
  EXPECT_EQ(whole(kSkip, {"plan.max_consecutive=1:4", "plan.threshold=0.2:0.9", "plan.shift=8:11"}),
            "101");
  EXPECT_EQ(whole({"beam.type=dynamic", "beam.min=1", "beam.max=1"},
                  {"beam.min=1:4", "beam.max=1:4", "beam.sigma_min=0:1", "beam.sigma_max=1:4"}),
            "1100");
}

TEST(Probe, FindsWhatIsWholeWhereFewCombinationsAreAllowed) {
  // Two different whole numbers of which the first is greater than 90.
  const MakePoint make = [](const Texts& settings) {
    EDGEVAL_EXPECTS(settings.size() == 2, source_of(settings), ": wants a and b");
    const double a = std::stod(settings.at(0).substr(2)), b = std::stod(settings.at(1).substr(2));
    EDGEVAL_EXPECTS(a == static_cast<int>(a) && b == static_cast<int>(b) && a > 90 && a != b,
                    source_of(settings), ": is refused");
    return Point{};
  };
  std::vector<Dimension> dimensions = dimensions_of({"a=0:101", "b=0:101"});
  EXPECT_EQ(probe(dimensions, make), "");
  EXPECT_TRUE(dimensions[0].whole);
  EXPECT_TRUE(dimensions[1].whole);
}

TEST(Probe, TellsAtOnceWhichOptionIsWrong) {
  EXPECT_EQ(refusal_with(kSkip, {"plan.treshold=0.3:0.9"}),
            "--vary plan.treshold=0.3:0.9: plan.treshold: unknown key; did you mean threshold?");
  EXPECT_EQ(refusal_with(kSkip, {"plan.max_consecutive=1:4", "pln.shift=8:11"}),
            "--vary pln.shift=8:11: pln: unknown key; did you mean plan?");
  EXPECT_EQ(refusal_with(kSkip, {"plan.max_consecutiv=1:4", "plan.shfit=8:11"}),
            "--vary plan.max_consecutiv=1:4: plan.max_consecutiv: unknown key; did you mean "
            "max_consecutive?");
  EXPECT_EQ(refusal_with({"operand.type=delta", "operand.threshold_h=0"},
                         {"plan.type=every_step", "operand.threshold_x=-2:-1"}),
            "--vary operand.threshold_x=-2:-1: operand: thresholds must be 0 or more; given: "
            "{threshold_h: 0, threshold_x: -2}");
  EXPECT_EQ(refusal_with(kSkip, {"plan.threshold=[0.3,0.9]"}),
            "--vary plan.threshold=[0.3,0.9]: plan.threshold: must be a number; a range of numbers "
            "is written LOW:HIGH, without brackets");
  EXPECT_EQ(refusal_with({}, {"operand.type=detla"}),
            "--vary operand.type=detla: operand.type: unknown type 'detla'; did you mean delta?");
}

TEST(Probe, TellsWhichValueOfAListNoPointCanHave) {
  EXPECT_EQ(refusal_with({}, {"operand.type=as_is,detla"}),
            "--vary operand.type=as_is,detla: no point can have operand.type=detla: operand.type: "
            "unknown type 'detla'; did you mean delta?");
  EXPECT_EQ(refusal_with(kSkip, {"plan.shift=8:11", "plan.max_consecutive=1,2,inf"}),
            "--vary plan.max_consecutive=1,2,inf: no point can have plan.max_consecutive=inf: "
            "plan.max_consecutive: must be a number, is 'inf'");
  // Each is allowed beside some value of the other.
  EXPECT_EQ(whole({"beam.type=dynamic", "beam.min=1", "beam.max=1"},
                  {"beam.min=1,4,8", "beam.max=1,4,8"}),
            "00");
}

TEST(Probe, TellsPlainlyWhatHasNothingToDoWithWhatVaries) {
  int calls = 0;
  const MakePoint make = [&](const Texts&) -> Point {
    ++calls;
    throw Error("none.json: no such file");
  };
  std::vector<Dimension> dimensions = dimensions_of({"a=0:1", "b=x,y"});
  EXPECT_EQ(refusal([&] { probe(dimensions, make); }), "none.json: no such file");
  EXPECT_LT(calls, 20);
}

TEST(Probe, APolicyMayLackWhatThePointsGive) {
  EXPECT_EQ(whole({"plan.type=similarity_skip"}, {"plan.threshold=0.3:0.9"}), "0");
  EXPECT_EQ(refusal_with({"plan.type=similarity_skip"}, {"plan.shift=8:11"}),
            "plan: similarity_skip wants threshold, which no default suits; choose it on "
            "development data (docs/techniques.md, \"Choosing a threshold\")");
}

TEST(Probe, TellsWhatIsRefusedWhereSeveralOptionsAreToBlame) {
  std::vector<Dimension> dimensions = dimensions_of({"beam.min=6:9", "beam.max=2:5"});
  EXPECT_EQ(probe(dimensions, maker({"beam.type=dynamic", "beam.min=1", "beam.max=9"})),
            "beam.min=7, beam.max=3: beam: min must not be above max; given: {min: 7, max: 3}");
  EXPECT_FALSE(dimensions[0].whole);
}

}  // namespace
}  // namespace edgeval::test
