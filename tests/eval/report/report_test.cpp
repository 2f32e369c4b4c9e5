// Tests the stored form of an activity and of a price, and the tables that people read.
#include "eval/report/activity_json.hpp"

#include <gtest/gtest.h>

#include <sstream>

#include "eval/report/score_output.hpp"
#include "eval/report/table.hpp"
#include "host/core/json.hpp"
#include "tests/support/safetensors.hpp"

namespace edgeval::test {
namespace {

// Returns the dense counts of two utterances in a BiLSTM and a linear layer.
Activity some_activity() {
  const Model model = random_model(
      {.inputs = 3, .lstm = {{.cells = 2, .directions = kBothDirections}}, .outputs = 5}, 1);
  Activity activity;
  for (const LayerShape& shape : layer_shapes(model))
    activity.layers.push_back(dense_counts(shape, 2, 9));
  return activity;
}

// A count has all of its digits, however large it is.
TEST(Report, ScoresHaveCountsInFull) {
  const auto metric = [](const char* name) {
    Statistics statistics(2);
    statistics.add({1234567, 2000000});
    return Metric{name, name, name, std::move(statistics), percent_of_sums};
  };
  const Scores scores{.pairs{TranscriptPair{}}, .errors{metric("ser")}, .texts{metric("exact")}};
  std::ostringstream out;
  write_text(out, {}, scores);
  EXPECT_NE(out.str().find(" 1234567 "), std::string::npos) << out.str();
  EXPECT_NE(out.str().find("1234567 of 1"), std::string::npos) << out.str();
  EXPECT_EQ(out.str().find("e+06"), std::string::npos) << out.str();
}

TEST(Report, AStoredActivityReadsBack) {
  Activity activity = some_activity();
  activity.layers[0][Count::kStepsRun] = 5;  // 5 of 9 steps, with 3 inputs and 2 elements of h
  activity.layers[0][Count::kInputsChanged] = 14;
  activity.layers[0][Count::kRecurrentInputsChanged] = 10;
  activity.layers[2].shape.rectified = true;
  complete_counts(activity.layers[0]);
  complete_counts(activity.layers[2]);
  const nlohmann::json json = nlohmann::json::parse(to_json(activity).dump());
  const Activity read = activity_from_json(json, "r");
  ASSERT_EQ(read.layers.size(), 3u);
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(read.layers[i].counts, activity.layers[i].counts);
    EXPECT_EQ(read.layers[i].shape.name, activity.layers[i].shape.name);
    EXPECT_EQ(read.layers[i].shape.rectified, activity.layers[i].shape.rectified);
  }
  EXPECT_EQ(to_json(read), to_json(activity));
}

TEST(Report, DottedCountsAreObjectsWhateverTheirKeys) {
  const nlohmann::ordered_json json = to_json(some_activity());
  for (const nlohmann::ordered_json& counts : {json.at("layers").at(0), json.at("totals")}) {
    EXPECT_TRUE(counts.at("macs").at("fp32").is_number_unsigned());
    EXPECT_TRUE(counts.at("weight_words").is_object()) << counts.at("weight_words");
    EXPECT_EQ(counts.at("weight_words").at("32"), counts.at("macs").at("fp32"));
  }
}

// There are 9 steps with 4 gates x 2 cells x (3 + 2) inputs in each direction, and 5 x 4 in the
// linear layer.
TEST(Report, TotalsAddUpTheLayers) {
  const nlohmann::ordered_json totals = to_json(some_activity()).at("totals");
  EXPECT_EQ(totals.at("macs_dense"), 9 * (2 * 4 * 2 * (3 + 2) + 5 * 4));
  EXPECT_EQ(totals.at("steps"), 27);
  EXPECT_EQ(totals.at("sequences"), 6);
}

TEST(Report, TextSurvivesPathsThatAreNotUtf8) {
  EXPECT_EQ(to_text({{"path",
                      "a\xff"
                      "b"}}),
            "{\n  \"path\": \"a\xef\xbf\xbd"
            "b\"\n}\n");
}

TEST(Table, ColumnsAreAsWideAsTheirWidestCell) {
  EXPECT_EQ(table({{"layer", "x", "a title"}, {"a very long name", "12.5 %", "1"}, {"b", "3 %"}}),
            "layer                  x  a title\n"
            "a very long name  12.5 %        1\n"
            "b                    3 %\n");
  EXPECT_EQ(table({{"größer", "1"}, {"ab", "22"}}), "größer   1\nab      22\n");
  // Two ideographs take four columns, an accent of its own none.
  EXPECT_EQ(table({{"日本", "1"}, {"e\u0301t\u00e9", "22"}, {"abcd", "3"}}),
            "日本   1\ne\u0301t\u00e9   22\nabcd   3\n");
  // A syllable of Hangul in three parts, and a mark between letters that keeps them apart.
  EXPECT_EQ(table({{"\u1112\u1161\u11ab", "1"}, {"a\u200cb", "2"}}),
            "\u1112\u1161\u11ab  1\na\u200cb  2\n");
  EXPECT_EQ(table({}), "");
}

TEST(Table, ParagraphsBreakAtWords) {
  EXPECT_EQ(paragraph("one two three", 2, 9), "  one two\n  three\n");
  EXPECT_EQ(paragraph("unbreakable", 1, 4), " unbreakable\n");
  EXPECT_EQ(paragraph("", 4), "");
}

}  // namespace
}  // namespace edgeval::test
