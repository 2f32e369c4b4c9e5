// The dimensions that --vary names, and what of it is refused.
#include "eval/search/vary.hpp"

#include <gtest/gtest.h>

#include "eval/policy/policy.hpp"
#include "eval/policy/settings.hpp"
#include "tests/support/refusal.hpp"

namespace edgeval::test {
namespace {

using Texts = std::vector<std::string>;

const Texts kLayers{"enc.lstm1", "lstm1", "lstm2", "output"};

bool is_recurrent(const std::string& key) { return key.find("output") == std::string::npos; }

std::vector<Dimension> varied(const Texts& given) {
  return parse_vary(given, kLayers, is_recurrent);
}

Texts keys_of(const Texts& given) {
  Texts keys;
  for (const Dimension& dimension : varied(given)) keys.push_back(separated(dimension.keys, " "));
  return keys;
}

void expect_range(const std::string& given, double low, double high,
                  std::optional<std::uint64_t> steps, bool logarithmic) {
  const auto dimensions = varied({given});
  ASSERT_EQ(dimensions.size(), 1u);
  EXPECT_TRUE(dimensions[0].is_range()) << given;
  EXPECT_EQ(dimensions[0].low, low) << given;
  EXPECT_EQ(dimensions[0].high, high) << given;
  EXPECT_EQ(dimensions[0].steps, steps) << given;
  EXPECT_EQ(dimensions[0].logarithmic, logarithmic) << given;
  EXPECT_EQ(dimensions[0].text, "--vary " + given);
}

TEST(Vary, ARangeHasEndsAndMayHaveStepsAndALogarithm) {
  expect_range("plan.threshold=0:1", 0, 1, std::nullopt, false);
  expect_range("plan.threshold=-0.5:1e2:5", -0.5, 100, 5, false);
  expect_range("plan.threshold=0.001:1:log", 0.001, 1, std::nullopt, true);
  expect_range("plan.threshold=0.001:1:4:log", 0.001, 1, 4, true);
  expect_range("plan.threshold=3:3", 3, 3, std::nullopt, false);
  expect_range("plan.threshold=3:3:1", 3, 3, 1, false);
  expect_range("plan.threshold= 0 : 1 : 5 ", 0, 1, 5, false);
}

Texts list_of(const std::string& given) { return varied({given}).at(0).values; }

TEST(Vary, AListHasWordsNumbersAndAnyYaml) {
  EXPECT_EQ(list_of("operand.type=as_is,delta"), (Texts{"as_is", "delta"}));
  EXPECT_EQ(list_of("a=1, 2.5,-3e4 ,.inf"), (Texts{"1", "2.5", "-3e4", ".inf"}));
  EXPECT_EQ(list_of("a=5"), Texts{"5"});
  EXPECT_EQ(list_of("a=1e-5,-2,3-x,x-3,1.0.0,1-,\"1-2\""),
            (Texts{"1e-5", "-2", "3-x", "x-3", "1.0.0", "1-", "\"1-2\""}));
  EXPECT_EQ(list_of("a=b=c"), Texts{"b=c"});
  EXPECT_EQ(list_of("operand.range=[-1, 1],[-2, 2]"), (Texts{"[-1, 1]", "[-2, 2]"}));
  EXPECT_EQ(list_of("plan={type: every_step},{type: 'x,y', a: [1, 2]}"),
            (Texts{"{type: every_step}", "{type: 'x,y', a: [1, 2]}"}));
  EXPECT_EQ(list_of(R"(profile="a:b","c,d\"e",don't)"),
            (Texts{R"("a:b")", R"("c,d\"e")", "don't"}));
}

TEST(Vary, TiedKeysAreOneDimension) {
  EXPECT_EQ(keys_of({"operand.threshold_x,operand.threshold_h=0:1", "plan.threshold=1,2"}),
            (Texts{"operand.threshold_x operand.threshold_h", "plan.threshold"}));
}

TEST(Vary, AQuotedPartOfAKeyMayHoldDotsCommasAndEqualsSigns) {
  EXPECT_EQ(keys_of({R"(layers."enc.lstm1".plan.threshold,layers."a=b,c".plan.threshold=0:1)"}),
            Texts{R"(layers."enc.lstm1".plan.threshold layers."a=b,c".plan.threshold)"});
}

TEST(Vary, AGlobIsADimensionForEachLayerThatTakesTheKey) {
  EXPECT_EQ(keys_of({"layers.*.plan.threshold=0:1"}),
            (Texts{R"(layers."enc.lstm1".plan.threshold)", "layers.lstm1.plan.threshold",
                   "layers.lstm2.plan.threshold"}));
  EXPECT_EQ(keys_of({"layers.lstm?.plan.threshold=0:1"}),
            (Texts{"layers.lstm1.plan.threshold", "layers.lstm2.plan.threshold"}));
  EXPECT_EQ(keys_of({R"(layers."enc.*".plan.threshold=0:1)"}),
            Texts{R"(layers."enc.lstm1".plan.threshold)"});
  EXPECT_EQ(keys_of({"layers.*1.plan.threshold=0:1", "layers.*2.plan.threshold=0:1"}).size(), 3u);
}

TEST(Vary, AWildcardIsAnyTextOrOneCharacter) {
  const auto fitting = [](const std::string& glob, const Texts& names) {
    Texts keys;
    for (const Dimension& dimension : parse_vary(Texts{"layers." + glob + ".x=1"}, names,
                                                 [](const std::string&) { return true; }))
      keys.push_back(dimension.keys[0]);
    return keys;
  };
  EXPECT_EQ(fitting("a*c*e", {"abcde", "ace", "acde", "abcd", "xace", "accee"}),
            (Texts{"layers.abcde.x", "layers.ace.x", "layers.acde.x", "layers.accee.x"}));
  EXPECT_EQ(fitting("a?", {"a", "ab", "abc", "a\xC3\xA4"}),
            (Texts{"layers.ab.x", "layers.\"a\xC3\xA4\".x"}));
  EXPECT_EQ(fitting("*?", {"a", "ab"}), (Texts{"layers.a.x", "layers.ab.x"}));
}

// What a glob gives reaches the layer through --set, whatever its name holds.
TEST(Vary, TheNamesOfAGlobAreQuotedAsSettingsNeedThem) {
  const Texts names{"enc.lstm1", "a=b", "c,d", "e f", "\xC3\xA4", "g-h_1"};
  const auto dimensions = parse_vary(Texts{"layers.*.plan.type=every_step"}, names,
                                     [](const std::string&) { return true; });
  ASSERT_EQ(dimensions.size(), names.size());
  for (std::size_t i = 0; i < names.size(); ++i) {
    YAML::Node root(YAML::NodeType::Map);
    apply_settings(root, {dimensions[i].keys[0] + "=every_step"});
    EXPECT_EQ(root["layers"][names[i]]["plan"]["type"].Scalar(), "every_step") << names[i];
  }
  EXPECT_EQ(dimensions[5].keys[0], "layers.g-h_1.plan.type");
}

TEST(Vary, WhatIsNoDimensionIsRefusedWithTheOptionAndACure) {
  const std::vector<std::pair<Texts, std::string>> refused{
      {{"plan.threshold"}, "has no '='"},
      {{"=0:1"}, "a key is empty"},
      {{"a,=0:1"}, "a key is empty"},
      {{"a..b=0:1"}, "is no key such as"},
      {{"layers.\"a.b=0:1"}, "a double quote is not closed"},
      {{"a=1:0"}, "LOW, 1, is greater than HIGH, 0; write 0:1"},
      {{"a=nan:1"}, "\"nan\" is no number"},
      {{"a=0:inf"}, "\"inf\" is no number"},
      {{"a=0:1e101"}, "\"1e101\" is no number"},
      {{"a=0:1e999"}, "\"1e999\" is no number"},
      {{"a=x:y"}, "\"x\" is no number"},
      {{"a=0:"}, "\"\" is no number"},
      {{"a=0x10:20"}, "\"0x10\" is no number"},
      {{"a=0:1,2:3"}, "\"1,2\" is no number"},
      {{"a=0:1:2.5"}, "STEPS is \"2.5\""},
      {{"a=0:1:0"}, "STEPS is \"0\""},
      {{"a=0:1:-3"}, "STEPS is \"-3\""},
      {{"a=0:1:+3"}, "STEPS is \"+3\""},
      {{"a=0:1:10000001"}, "STEPS is \"10000001\""},
      {{"a=0:1:99999999999999999999"}, "STEPS is \"99999999999999999999\""},
      {{"a=0:1:lin"}, "STEPS is \"lin\""},
      {{"a=0:1:log:5"}, "too many parts"},
      {{"a=1:2:3:4"}, "too many parts"},
      {{"a=1:2:3:4:log"}, "too many parts"},
      {{"a=0:1:1"}, "one value does not reach from 0 to 1"},
      {{"a=0:1:log"}, "LOW is 0, and a logarithmic range begins above 0"},
      {{"a=-1:1:5:log"}, "LOW is -1, and a logarithmic range begins above 0"},
      {{"a="}, "a value is empty"},
      {{"a=1,,2"}, "a value is empty"},
      {{"a=1,2,"}, "a value is empty"},
      {{"a=1,2,1"}, "1 stands twice"},
      {{"a=[1,2"}, "a bracket is not closed; an option with quotes, or with spaces in brackets,"},
      {{"a=[-1,"}, "stands in single quotes, as in --vary 'operand.range=[-1, 1],[-2, 2]'"},
      {{"a=0.3-0.9"}, "0.3-0.9 is no number; a range is 0.3:0.9"},
      {{"a=0.3..0.9"}, "0.3..0.9 is no number; a range is 0.3:0.9"},
      {{"a=1..4"}, "1..4 is no number; a range is 1:4"},
      {{"a=-1 to 4"}, "-1 to 4 is no number; a range is -1:4"},
      {{"a=-1--0.5"}, "-1--0.5 is no number; a range is -1:-0.5"},
      {{"a=0,6:0,9"}, "\"0,6\" is no number"},
      {{"a=0,6:0,9"}, "; decimals have a point, as in 0.6"},
      {{"a=0.3:0.9,b=8:12"}, "; each key has a --vary of its own"},
      {{"a=1,2]"}, "the bracket ] closes none"},
      {{"a=[1,2}"}, "the bracket } closes none"},
      {{"a=\"1,2"}, "a quote is not closed"},
      {{"a=0:1", "a=0:2"}, "--vary a=0:2: a varies already, by --vary a=0:1"},
      {{"a,a=0:1"}, "a varies already; name it once"},
      {{"layers.lstm1.x=1", "layers.\"lstm1\".x=2"}, "varies already, by --vary layers.lstm1.x=1"},
      {{"layers.*.x=1", "layers.lstm2.x=2"}, "varies already, by --vary layers.*.x=1"},
      {{"layers.*.x,b=0:1"}, "tied keys have no glob; name the layers"},
      {{"plan.*=0:1"}, "* and ? stand for the name of a layer"},
      {{"layers.lstm1.plan.thr*=0:1"}, "* and ? stand for the name of a layer"},
      {{"layers.enc.*.x=0:1"}, "names with dots stand in double quotes"},
      {{"layers.*=0:1"}, "* and ? stand for the name of a layer"},
      {{"layers.gru*.x=0:1"}, "no layer of the model is called gru*; "},
      {{"layers.out*.plan.threshold=0:1"},
       "plan.threshold can be set on none of the layers output"},
  };
  for (const auto& [options, message] : refused) {
    const Texts& given = options;  // clang captures no part of a pair
    const std::string said = refusal([&] { varied(given); });
    EXPECT_NE(said.find(message), std::string::npos) << given[0] << ": " << said;
    EXPECT_TRUE(said.starts_with("--vary " + given.back() + ": ")) << said;
  }
}

TEST(Vary, AGlobThatFitsNothingNamesTheLayers) {
  EXPECT_EQ(refusal([] { varied({"layers.decoder*.x=1"}); }),
            "--vary layers.decoder*.x=1: no layer of the model is called decoder*; known: "
            "enc.lstm1, lstm1, lstm2, output");
}

TEST(Vary, ALayerWhoseNameHoldsADoubleQuoteIsRefused) {
  const auto said = refusal([] {
    parse_vary(Texts{"layers.*.x=1"}, Texts{"a\"b"}, [](const std::string&) { return true; });
  });
  EXPECT_NE(said.find("holds a double quote"), std::string::npos) << said;
}

// Whether the values of a range are whole where the parameter takes numbers for which accepts().
bool is_whole(const std::string& given, const std::function<bool(double)>& accepts) {
  Dimension dimension = varied({given}).at(0);
  find_whole(dimension, [&](const std::string& value) { return accepts(std::stod(value)); });
  return dimension.whole;
}

TEST(Vary, ARangeIsWholeWhereOnlyWholeNumbersAreTaken) {
  const auto whole = [](double x) { return x == static_cast<int>(x); };
  EXPECT_TRUE(is_whole("a=2:8", whole));
  EXPECT_TRUE(is_whole("a=2:3", whole));
  EXPECT_TRUE(is_whole("a=-5:5", whole));
  EXPECT_FALSE(is_whole("a=2:2", whole));  // nothing to choose
  EXPECT_FALSE(is_whole("a=2,8", whole));
  EXPECT_FALSE(is_whole("a=0:1", [](double) { return true; }));
  EXPECT_FALSE(is_whole("a=0:1", [](double) { return false; }));
  // The upper part is out of the parameter's range, then the lower, then all but the middle.
  EXPECT_TRUE(is_whole("a=1:100", [&](double x) { return whole(x) && x < 10; }));
  EXPECT_TRUE(is_whole("a=1:100", [&](double x) { return whole(x) && x > 90; }));
  EXPECT_TRUE(is_whole("a=1:100", [&](double x) { return whole(x) && x > 40 && x < 60; }));
  // No whole parameter: its numbers end at 0, or at 1, where 0.5 is refused with a neighbour.
  EXPECT_FALSE(is_whole("a=0:1", [](double x) { return x <= 0; }));
  EXPECT_FALSE(is_whole("a=0:1", [](double x) { return x >= 1; }));
}

TEST(Vary, AWholeParameterNeedsWholeEnds) {
  const auto whole = [](double x) { return x == static_cast<int>(x); };
  EXPECT_EQ(refusal([&] { is_whole("a=1.5:8.2", whole); }),
            "--vary a=1.5:8.2: a takes whole numbers alone; write 2:8");
  EXPECT_FALSE(is_whole("a=1.5:8.2", [](double) { return true; }));
}

// Of a real policy, clusters are whole and thresholds are not.
TEST(Vary, TheRulesOfPoliciesTellWhichParametersAreWhole) {
  const auto whole = [](const std::string& given, const Texts& settings) {
    Dimension dimension = varied({given}).at(0);
    find_whole(dimension, [&](const std::string& value) {
      Texts all = settings;
      all.push_back(dimension.keys[0] + "=" + value);
      return refusal([&] { load_policy(std::nullopt, all); }) == "accepted";
    });
    return dimension.whole;
  };
  EXPECT_TRUE(whole("operand.clusters=2:64", {"operand.type=reuse"}));
  EXPECT_TRUE(
      whole("plan.max_consecutive=0:8", {"plan.type=similarity_skip", "plan.threshold=0.5"}));
  EXPECT_FALSE(whole("plan.threshold=0:1", {"plan.type=similarity_skip"}));
  EXPECT_FALSE(whole("operand.threshold_x=0:4", {"operand.type=delta", "operand.threshold_h=0"}));
}

}  // namespace
}  // namespace edgeval::test
