#include "eval/command/score_command.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <sstream>

#include "eval/score/quality.hpp"
#include "host/core/error.hpp"
#include "tests/support/temporary_folder.hpp"

namespace edgeval {
namespace {

using nlohmann::json;

const std::vector<std::string> kReferences{"the cat sat", "", "on the mat", "gone away"};
const std::vector<std::string> kHypotheses{"the cat sat", "uh", "on a mat here", ""};
// Words: one substitution, two insertions, two deletions in 8. Characters: "uh" 2 and "gone away"
// 9, in "on the mat" -> "on a mat here" 8 at least; 11 + 0 + 10 + 9 characters of reference.

TEST(Quality, HandComputedSet) {
  const Quality quality = evaluate(kReferences, kHypotheses);
  EXPECT_EQ(quality.words.counts, (EditCounts{1, 2, 2, 8}));
  EXPECT_DOUBLE_EQ(*quality.words.value, 62.5);
  EXPECT_EQ(quality.characters.counts.errors(), 2u + 8 + 9);
  EXPECT_EQ(quality.characters.counts.reference, 30u);
  EXPECT_EQ(quality.sentences.errors, 3u);
  EXPECT_DOUBLE_EQ(*quality.sentences.value, 75.0);
  EXPECT_EQ(quality.empty_references, 1u);
  ASSERT_EQ(quality.alignments.size(), 4u);
  EXPECT_EQ(letters(quality.alignments[2]), "CSCI");
}

TEST(Quality, IntervalsHoldTheValue) {
  const Quality quality = evaluate(kReferences, kHypotheses, {.seed = 9});
  EXPECT_LE(quality.words.ci95->low, *quality.words.value);
  EXPECT_GE(quality.words.ci95->high, *quality.words.value);
  EXPECT_LE(quality.sentences.ci95->high, 100.0);
}

TEST(Quality, JsonHasTheKeysOfTheReport) {
  const json quality = to_json(evaluate(kReferences, kHypotheses));
  const json& wer = quality.at("wer");
  EXPECT_EQ(wer.at("value"), 62.5);
  EXPECT_EQ(wer.at("errors"), 5);
  EXPECT_EQ(wer.at("substitutions"), 1);
  EXPECT_EQ(wer.at("deletions"), 2);
  EXPECT_EQ(wer.at("insertions"), 2);
  EXPECT_EQ(wer.at("words"), 8);
  EXPECT_EQ(wer.at("ci95").size(), 2u);
  EXPECT_EQ(quality.at("cer").at("characters"), 30);
  EXPECT_EQ(quality.at("ser").at("sentences"), 4);
  EXPECT_EQ(quality.at("empty_references"), 1);
}

TEST(Quality, WithoutReferenceWordsTheValueIsNull) {
  const std::vector<std::string> nothing{"", " "};
  const std::vector<std::string> something{"a", "b c"};
  const json quality = to_json(evaluate(nothing, something));
  EXPECT_TRUE(quality.at("wer").at("value").is_null());
  EXPECT_TRUE(quality.at("wer").at("ci95").is_null());
  EXPECT_EQ(quality.at("wer").at("insertions"), 3);
  EXPECT_EQ(quality.at("ser").at("value"), 100.0);
  EXPECT_TRUE(to_json(evaluate({}, {})).at("ser").at("value").is_null());
}

TEST(Quality, AnUtteranceShowsItsCountsAndAlignment) {
  const json utterance = to_json(align_words("on the mat", "on a mat here"));
  EXPECT_EQ(utterance, json::parse(R"({"errors": 2, "substitutions": 1, "deletions": 0,
                                       "insertions": 1, "words": 3, "alignment": "CSCI"})"));
}

TEST(Quality, SignaturesNameTheRule) {
  EXPECT_EQ(word_signature(EditCosts::kUnit),
            "edgeval-wer|align:unit|unit:word|case:kept|version:0.1.0");
  EXPECT_EQ(character_signature(EditCosts::kSclite),
            "edgeval-cer|align:sclite|unit:character|case:kept|version:0.1.0");
}

class ScoreCommand : public ::testing::Test {
 protected:
  // What the command prints for these arguments behind the two files.
  std::string score(const std::string& reference, const std::string& hypothesis,
                    std::vector<std::string> arguments = {}) {
    arguments.insert(arguments.begin(),
                     {"score", "--reference", folder_.file("ref", reference).string(),
                      "--hypothesis", folder_.file("hyp", hypothesis).string()});
    std::reverse(arguments.begin(), arguments.end());  // CLI11 reads from the back
    CLI::App app;
    setup_score(app);
    ::testing::internal::CaptureStdout();
    try {
      app.parse(arguments);
    } catch (...) {
      ::testing::internal::GetCapturedStdout();
      throw;
    }
    return ::testing::internal::GetCapturedStdout();
  }

  test::TemporaryFolder folder_;
};

const char* const kReference = "u1 the cat sat\nu2 on the mat\nu3 gone away\nu4\n";
const char* const kHypothesis = "u1 the cat sat\nu2 on a mat here\nu4 uh\n";

TEST_F(ScoreCommand, PrintsRatesMissingHypothesesAndASignature) {
  const std::string text = score(kReference, kHypothesis);
  for (const char* part : {"WER      62.50 %", "of 8 words", "SER      75.00 %", "of 4 sentences",
                           "missing hypotheses: 1 (u3)", "empty references: 1",
                           "edgeval-wer|align:unit|unit:word|case:kept|version:0.1.0\n"})
    EXPECT_NE(text.find(part), std::string::npos) << part << " is not in\n" << text;
  EXPECT_EQ(text.find("CER"), std::string::npos) << text;
}

TEST_F(ScoreCommand, WritesJson) {
  const json report =
      json::parse(score(kReference, kHypothesis, {"--format", "json", "--metric", "wer,cer"}));
  EXPECT_EQ(report.at("quality").at("wer").at("errors"), 5);
  EXPECT_EQ(report.at("quality").at("cer").at("characters"), 30);
  EXPECT_EQ(report.at("missing_hypotheses"), json{"u3"});
  EXPECT_EQ(report.at("reference").at("format"), "kaldi");
  EXPECT_EQ(report.at("utterances"), 4);
}

TEST_F(ScoreCommand, TheMetricDecidesWhatIsShown) {
  const json report =
      json::parse(score(kReference, kHypothesis, {"--format", "json", "--metric", "cer"}));
  EXPECT_FALSE(report.at("quality").contains("wer"));
  EXPECT_TRUE(report.at("quality").contains("cer"));
  EXPECT_THROW(score(kReference, kHypothesis, {"--metric", "ter"}), CLI::ValidationError);
}

TEST_F(ScoreCommand, PricesChangeTheCounts) {
  const std::string reference = "u1 a b\n";
  const std::string hypothesis = "u1 b c\n";
  const auto wer = [&](const char* align) {
    return json::parse(score(reference, hypothesis, {"--format", "json", "--align", align}))
        .at("quality")
        .at("wer");
  };
  EXPECT_EQ(wer("unit").at("substitutions"), 2);
  EXPECT_EQ(wer("sclite").at("substitutions"), 0);
  EXPECT_EQ(wer("sclite").at("deletions"), 1);
}

TEST_F(ScoreCommand, ShowsAlignmentsInColumns) {
  const std::string text = score(kReference, kHypothesis, {"--alignments"});
  EXPECT_NE(text.find("u2\nREF:  on the mat ***\nHYP:  on a   mat here\nEVAL:    S       I\n"),
            std::string::npos)
      << text;
  const json report =
      json::parse(score(kReference, kHypothesis, {"--alignments", "--format", "json"}));
  EXPECT_EQ(report.at("alignments").at(1).at("alignment"), "CSCI");
  EXPECT_EQ(report.at("alignments").at(2).at("alignment"), "DD");
}

TEST_F(ScoreCommand, TheSameSeedPrintsTheSameBytes) {
  const auto seeded = [&](const char* seed) {
    return score(kReference, kHypothesis, {"--seed", seed});
  };
  EXPECT_EQ(seeded("5"), seeded("5"));
}

TEST_F(ScoreCommand, QuietLeavesTheNotesOut) {
  EXPECT_NE(score(kReference, kHypothesis).find("resamples"), std::string::npos);
  EXPECT_EQ(score(kReference, kHypothesis, {"--quiet"}).find("resamples"), std::string::npos);
}

TEST_F(ScoreCommand, AWrongFileIsTheUsersError) {
  EXPECT_THROW(score(kReference, "u7 x\n"), Error);
}

}  // namespace
}  // namespace edgeval
