// How the keys of settings are taken apart, and how settings are written as JSON.
#include "eval/policy/settings.hpp"

#include <gtest/gtest.h>

#include "tests/support/refusal.hpp"

namespace edgeval::test {
namespace {

using Texts = std::vector<std::string>;

TEST(Settings, AKeyIsSplitAtTheDotsOutsideOfQuotes) {
  EXPECT_EQ(split_key("operand", ""), Texts{"operand"});
  EXPECT_EQ(split_key("layers.lstm1.plan", ""), (Texts{"layers", "lstm1", "plan"}));
  EXPECT_EQ(split_key(R"(layers."enc.lstm1".plan)", ""), (Texts{"layers", "enc.lstm1", "plan"}));
  EXPECT_EQ(refusal([] { split_key("a..b", "here"); }),
            "here: a..b is no key such as operand.clusters");
  EXPECT_EQ(refusal([] { split_key("a.\"b", "here"); }), "here: a double quote is not closed");
}

TEST(Settings, AnEqualsSignInQuotesBelongsToTheKey) {
  EXPECT_EQ(find_unquoted(R"("a=b".c=d=e)", '='), 7u);
  EXPECT_EQ(find_unquoted(R"("a=b")", '='), std::string::npos);
  YAML::Node root(YAML::NodeType::Map);
  apply_settings(root, {R"(layers."a=b".plan.threshold=0.5)"});
  EXPECT_EQ(root["layers"]["a=b"]["plan"]["threshold"].as<double>(), 0.5);
}

TEST(Settings, AreAsJsonWhatTheyAreAndComeBack) {
  const Texts settings{"plan.threshold=0.5",
                       "operand.type=delta",
                       "operand.range=[-1,1]",
                       "operand.clusters=12",
                       "layers.\"a.b\".plan={\"type\":\"every_step\"}",
                       "layers.\"a=b\".plan.threshold=0.25",
                       "a=true",
                       "b=null",
                       "c=1e3",
                       "d=0.50",
                       "e=[-1, 1]",
                       "f=\"g\"",
                       "h=.inf",
                       "i="};
  const nlohmann::ordered_json json = settings_to_json(settings);
  EXPECT_EQ(settings_from_json(json), settings);
  EXPECT_EQ(json.at("plan.threshold"), 0.5);
  EXPECT_EQ(json.at("operand.type"), "delta");
  EXPECT_EQ(json.at("operand.range"), nlohmann::ordered_json({-1, 1}));
  EXPECT_EQ(json.at("operand.clusters"), 12);
  EXPECT_EQ(json.at("layers.\"a.b\".plan"), (nlohmann::ordered_json{{"type", "every_step"}}));
  EXPECT_EQ(json.at("layers.\"a=b\".plan.threshold"), 0.25);
  // What JSON would write in another way stays a text.
  for (const char* key : {"c", "d", "e", "f", "h", "i"}) EXPECT_TRUE(json.at(key).is_string());
}

}  // namespace
}  // namespace edgeval::test
