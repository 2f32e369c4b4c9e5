// Lists of points in JSON lines: what they hold, and what is refused.
#include "eval/search/point_list.hpp"

#include <gtest/gtest.h>

#include "eval/policy/settings.hpp"
#include "eval/search/draws.hpp"
#include "eval/search/vary.hpp"
#include "host/core/json.hpp"
#include "tests/support/refusal.hpp"
#include "tests/support/temporary_folder.hpp"

namespace edgeval::test {
namespace {

using Texts = std::vector<std::string>;

std::vector<ListedPoint> read(std::string_view lines) {
  const TemporaryFolder folder;
  return read_point_list(folder.file("points.jsonl", lines));
}

Texts settings_in(const std::string& line) { return read(line).at(0).settings; }

TEST(PointList, HasAnObjectOfSettingsOnEachLine) {
  const TemporaryFolder folder;
  const auto path =
      folder.file("points.jsonl",
                  "\xEF\xBB\xBF{\"plan.threshold\": 0.5, \"operand.type\": \"delta\"}\r\n"
                  "\n  \n{\"operand.clusters\": 12}");
  const auto points = read_point_list(path);
  ASSERT_EQ(points.size(), 2u);
  EXPECT_EQ(points[0].settings, (Texts{"plan.threshold=0.5", "operand.type=delta"}));
  EXPECT_EQ(points[0].place, path.string() + ":1");
  EXPECT_EQ(points[1].settings, Texts{"operand.clusters=12"});
  EXPECT_EQ(points[1].place, path.string() + ":4");
}

TEST(PointList, TakesTheSettingsOfWhatASweepWrites) {
  EXPECT_EQ(settings_in(R"({"point": 3, "settings": {"plan.threshold": 0.5}, "wer": {"x": [1]}})"),
            Texts{"plan.threshold=0.5"});
}

// A sweep writes a value that JSON would write in another way as a text, and must get it back.
TEST(PointList, ReadsTheSettingsOfASweepBackAsTheyWereVaried) {
  const std::vector<std::string> varied{
      "operand.range=[-8, 8],[-1,1]", "plan={type: every_step},{\"type\":\"every_step\"}",
      "profile='a: b',\"c d\",e",     "a=.inf,-.inf,~,null,0.50,1e3,0x10",
      "b=true,yes,# x,- 1",           "c=0.1:0.9"};
  const auto draws =
      random_draws(parse_vary(varied, {}, [](const std::string&) { return true; }), 1);
  std::string lines;
  std::vector<Texts> expected;
  for (int point = 0; point < 40; ++point) {
    expected.push_back(draws->next().value());
    const nlohmann::ordered_json line{{"point", point + 1},
                                      {"settings", settings_to_json(expected.back())}};
    lines += line.dump() + "\n";
  }
  const std::vector<ListedPoint> points = read(lines);
  ASSERT_EQ(points.size(), expected.size());
  for (std::size_t i = 0; i < points.size(); ++i) EXPECT_EQ(points[i].settings, expected[i]);
}

TEST(PointList, ATextOfAListWithoutSettingsIsNoYaml) {
  EXPECT_EQ(settings_in(R"({"a": "[-8, 8]", "b": ".inf"})"), (Texts{"a=\"[-8, 8]\"", "b=.inf"}));
  EXPECT_EQ(settings_in(R"({"settings": {"a": "[-8, 8]"}})"), Texts{"a=[-8, 8]"});
}

TEST(PointList, KeepsTheOrderOfTheFile) {
  EXPECT_EQ(settings_in(R"({"z": 1, "a": 2, "m": 3})"), (Texts{"z=1", "a=2", "m=3"}));
}

TEST(PointList, APointWithoutSettingsIsThePolicyAsItIs) {
  EXPECT_EQ(settings_in("{}"), Texts{});
  EXPECT_EQ(settings_in(R"({"settings": {}})"), Texts{});
}

// The value that --set puts into a policy.
YAML::Node value_in_policy(const std::string& json) {
  YAML::Node root(YAML::NodeType::Map);
  apply_settings(root, settings_in("{\"key\": " + json + "}"));
  return root["key"];
}

TEST(PointList, ValuesReachThePolicyAsTheyAre) {
  EXPECT_EQ(value_in_policy("0.5").as<double>(), 0.5);
  EXPECT_EQ(value_in_policy("1e-7").as<double>(), 1e-7);
  EXPECT_EQ(value_in_policy("-3").as<int>(), -3);
  EXPECT_TRUE(value_in_policy("true").as<bool>());
  EXPECT_TRUE(value_in_policy("null").IsNull());
  EXPECT_EQ(value_in_policy("[-1, 2.5]")[1].as<double>(), 2.5);
  EXPECT_EQ(value_in_policy(R"({"type": "delta", "a": {"b": [1, "x: y"]}})")["a"]["b"][1].Scalar(),
            "x: y");
}

TEST(PointList, TextsReachThePolicyAsTheyAre) {
  for (const char* text : {"delta", "null", "~", "a: b", "[1", "# x", "", " x ", "a/b-c.json", "-",
                           "it's", "0.5", "\xC3\xA4", "{}", "*a", "---", "\\n"}) {
    const YAML::Node value = value_in_policy(Json(text).dump());
    EXPECT_TRUE(value.IsScalar()) << text;
    EXPECT_EQ(value.Scalar(), text);
  }
  EXPECT_EQ(value_in_policy(R"("two\nlines\tand \"quotes\" \\ \u00e4\ud83d\ude00")").Scalar(),
            "two\nlines\tand \"quotes\" \\ \xC3\xA4\xF0\x9F\x98\x80");
}

// --set drops the keys of an axis whose type changes, for which it compares the word.
TEST(PointList, TheTypeThatAPolicyHasKeepsItsParameters) {
  YAML::Node root = YAML::Load("operand: {type: delta, threshold_x: 0.5}");
  apply_settings(root, settings_in(R"({"operand.type": "delta"})"));
  EXPECT_EQ(root["operand"]["threshold_x"].as<double>(), 0.5);
}

TEST(PointList, RefusalsNameFileAndLine) {
  const std::vector<std::pair<std::string, std::string>> refused{
      {"[{\"a\": 1}]", "make lines of a list with jq -c '.[]'"},
      {"{\n\"a\": 1}", "of objects over several lines with jq -c ."},
      {"a=1", "is no JSON object"},
      {"{\"a\": 1", "not valid JSON"},
      {"{\"a\": 1} {}", "not valid JSON"},
      {"{\"a\": nan}", "not valid JSON"},
      {"{\"a\": 1, \"a\": 2}", "duplicate key \"a\""},
      {"{\"a\": {\"b\": 1, \"b\": 2}}", "duplicate key \"b\""},
      {"{\"settings\": [1]}", "settings: is array, must be an object"},
      {"{\"settings\": null}", "settings: is null, must be an object"},
      {"{\"\": 1}", "is no key of a policy"},
      {"{\"a=b\": 1}", "is no key of a policy"},
      {"{\"a..b\": 1}", "is no key such as"},
      {R"({"layers.\"a.b": 1})", "a double quote is not closed"},
      {R"({"layers.a.x": 1, "layers.\"a\".x": 2})", "is set twice"},
      {"{\"a\": 1e999}", "too large"},
      {"{\"a\": " + std::string(20, '[') + std::string(20, ']') + "}", "nests deeper"},
  };
  for (const auto& [line, message] : refused) {
    const std::string lines = "{\"ok\": 1}\n\n" + line + "\n";
    const std::string said = refusal([&] { read(lines); });
    EXPECT_NE(said.find("points.jsonl:3: "), std::string::npos) << said;
    EXPECT_NE(said.find(message), std::string::npos) << line << ": " << said;
  }
}

TEST(PointList, WhatIsNoListIsRefused) {
  EXPECT_NE(refusal([] { read("\n \n"); }).find("points.jsonl: holds no points"),
            std::string::npos);
  EXPECT_NE(refusal([] { read("{\"a\": \"\xFF\"}"); }).find("UTF-8"), std::string::npos);
  EXPECT_NE(refusal([] { read_point_list("/nowhere/points.jsonl"); }).find("/nowhere/points.jsonl"),
            std::string::npos);
}

}  // namespace
}  // namespace edgeval::test
