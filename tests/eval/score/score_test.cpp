#include "eval/command/score_command.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "eval/score/metric.hpp"
#include "host/core/error.hpp"
#include "tests/support/temporary_folder.hpp"

namespace edgeval {
namespace {

using nlohmann::json;

const std::vector<std::string> kReferences{"the cat sat", "", "on the mat", "gone away"};
const std::vector<std::string> kHypotheses{"the cat sat", "uh", "on a mat here", ""};
// Of the words, 8 in the references, one is substituted, two are inserted and two deleted. Of the
// characters, 11 + 0 + 10 + 9 in the references, "uh" costs 2, "gone away" 9, and "on the mat"
// takes at least 8 to become "on a mat here".

// Returns wer, cer and ser against one reference.
std::vector<Metric> errors_of(const std::vector<std::string>& references,
                              const std::vector<std::string>& hypotheses, std::uint64_t seed = 0) {
  return measure_all(kErrorMetrics, {&references, 1}, hypotheses, {}, seed,
                     align_all(references, hypotheses, EditCosts::kUnit));
}

TEST(Metrics, HandComputedSet) {
  const std::vector<Metric> metrics = errors_of(kReferences, kHypotheses);
  const Metric &wer = metrics[0], &cer = metrics[1], &ser = metrics[2];
  EXPECT_EQ(*wer.edits, (EditCounts{1, 2, 2, 8}));
  EXPECT_DOUBLE_EQ(*wer.value, 62.5);
  EXPECT_EQ(cer.edits->errors(), 2u + 8 + 9);
  EXPECT_EQ(cer.edits->reference, 30u);
  EXPECT_EQ(ser.statistics.sum(), (std::vector<double>{3, 4}));
  EXPECT_DOUBLE_EQ(*ser.value, 75.0);
  const std::vector<Alignment> alignments = align_all(kReferences, kHypotheses, EditCosts::kUnit);
  EXPECT_EQ(empty_references(alignments), 1u);
  ASSERT_EQ(alignments.size(), 4u);
  EXPECT_EQ(letters(alignments[2]), "CSCI");
}

// Words that were aligned before give the same counts as words that are aligned while counting.
TEST(Metrics, AreTheSameOfAlignedWords) {
  const std::vector<Metric> aligned = errors_of(kReferences, kHypotheses);
  for (std::size_t i = 0; i < kErrorMetrics.size(); ++i) {
    const Metric counted = measure(kErrorMetrics[i], {&kReferences, 1}, kHypotheses, {});
    EXPECT_EQ(counted.value, aligned[i].value);
    EXPECT_EQ(counted.edits, aligned[i].edits);
    EXPECT_EQ(counted.statistics.sum(), aligned[i].statistics.sum());
  }
}

TEST(Metrics, IntervalsHoldTheValue) {
  const std::vector<Metric> metrics = errors_of(kReferences, kHypotheses, 9);
  EXPECT_LE(metrics[0].ci95->low, *metrics[0].value);
  EXPECT_GE(metrics[0].ci95->high, *metrics[0].value);
  EXPECT_LE(metrics[2].ci95->high, 100.0);
}

TEST(Metrics, JsonHasTheKeysOfTheReport) {
  const std::vector<Metric> metrics = errors_of(kReferences, kHypotheses);
  const json wer = to_json(metrics[0]);
  EXPECT_EQ(wer.at("value"), 62.5);
  EXPECT_EQ(wer.at("errors"), 5);
  EXPECT_EQ(wer.at("substitutions"), 1);
  EXPECT_EQ(wer.at("deletions"), 2);
  EXPECT_EQ(wer.at("insertions"), 2);
  EXPECT_EQ(wer.at("words"), 8);
  EXPECT_EQ(wer.at("ci95").size(), 2u);
  EXPECT_EQ(to_json(metrics[1]).at("characters"), 30);
  EXPECT_EQ(to_json(metrics[2]).at("sentences"), 4);
}

TEST(Metrics, WithoutReferenceWordsTheValueIsNull) {
  const std::vector<std::string> nothing{"", " "};
  const std::vector<std::string> something{"a", "b c"};
  const std::vector<Metric> metrics = errors_of(nothing, something);
  const json wer = to_json(metrics[0]);
  EXPECT_TRUE(wer.at("value").is_null());
  EXPECT_TRUE(wer.at("ci95").is_null());
  EXPECT_EQ(wer.at("insertions"), 3);
  EXPECT_EQ(to_json(metrics[2]).at("value"), 100.0);
  EXPECT_TRUE(to_json(errors_of({}, {})[2]).at("value").is_null());
}

TEST(Metrics, AnUtteranceShowsItsCountsAndAlignment) {
  const json utterance = to_json(align_words("on the mat", "on a mat here"));
  EXPECT_EQ(utterance, json::parse(R"({"errors": 2, "substitutions": 1, "deletions": 0,
                                       "insertions": 1, "words": 3, "alignment": "CSCI"})"));
}

TEST(Metrics, SignaturesNameTheRule) {
  const auto signature = [](const char* name, EditCosts costs) {
    return measure(name, {&kReferences, 1}, kHypotheses, {.costs = costs}).signature;
  };
  EXPECT_EQ(signature("wer", EditCosts::kUnit),
            "edgeval-wer|align:unit|unit:word|case:kept|version:0.1.0");
  EXPECT_EQ(signature("cer", EditCosts::kSclite),
            "edgeval-cer|align:sclite|unit:character|case:kept|version:0.1.0");
  EXPECT_EQ(signature("symbol", EditCosts::kUnit),
            "edgeval-symbol|align:unit|unit:symbol|case:kept|version:0.1.0");
}

class ScoreCommand : public ::testing::Test {
 protected:
  // Returns what `score` prints for the two files and these arguments.
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

const char* const kReferenceText = "u1 the cat sat\nu2 on the mat\nu3 gone away\nu4\n";
const char* const kHypothesis = "u1 the cat sat\nu2 on a mat here\nu4 uh\n";

TEST_F(ScoreCommand, PrintsRatesMissingHypothesesAndASignature) {
  const std::string text = score(kReferenceText, kHypothesis);
  for (const char* part : {"WER      62.50 %", "of 8 words", "SER      75.00 %", "of 4 sentences",
                           "missing hypotheses: 1 (u3)", "empty references: 1",
                           "edgeval-wer|align:unit|unit:word|case:kept|version:0.1.0\n"})
    EXPECT_NE(text.find(part), std::string::npos) << part << " is not in\n" << text;
  EXPECT_EQ(text.find("CER"), std::string::npos) << text;
}

TEST_F(ScoreCommand, WritesJson) {
  const json report =
      json::parse(score(kReferenceText, kHypothesis, {"--format", "json", "--metric", "wer,cer"}));
  EXPECT_EQ(report.at("quality").at("wer").at("errors"), 5);
  EXPECT_EQ(report.at("quality").at("cer").at("characters"), 30);
  EXPECT_EQ(report.at("missing_hypotheses"), json{"u3"});
  EXPECT_EQ(report.at("reference").at("format"), "kaldi");
  EXPECT_EQ(report.at("utterances"), 4);
}

TEST_F(ScoreCommand, TheMetricDecidesWhatIsShown) {
  const json report =
      json::parse(score(kReferenceText, kHypothesis, {"--format", "json", "--metric", "cer"}));
  EXPECT_FALSE(report.at("quality").contains("wer"));
  EXPECT_TRUE(report.at("quality").contains("cer"));
  EXPECT_THROW(score(kReferenceText, kHypothesis, {"--metric", "ter"}), CLI::ValidationError);
}

// Metrics of translations beside error rates do not change how the files are read: the ids pair the
// utterances and are no words.
TEST_F(ScoreCommand, AnErrorRateIsTheSameBesideOtherMetrics) {
  for (const char* metrics : {"wer", "wer,exact", "bleu,wer"}) {
    const json quality = json::parse(score("utt1 the cat sat\nutt2 on the mat\n",
                                           "utt2 on the mat\nutt1 the cat sat\n",
                                           {"--format", "json", "--metric", metrics}))
                             .at("quality");
    EXPECT_EQ(quality.at("wer").at("errors"), 0) << metrics;
    EXPECT_EQ(quality.at("wer").at("words"), 6) << metrics;
  }
}

TEST_F(ScoreCommand, RulesThatConcernNoMetricAreRefused) {
  const auto refusal = [&](const std::vector<std::string>& options) -> std::string {
    try {
      score(kReferenceText, kHypothesis, options);
      return "";
    } catch (const std::exception& error) {
      return error.what();
    }
  };
  const std::vector<std::pair<std::vector<std::string>, std::string>> cases{
      {{"--lower-case"},
       "--lower-case concerns bleu, chrf or chrf++ alone, and no such metric is counted here; "
       "other metrics have --case lower"},
      {{"--tokenize", "char"},
       "--tokenize concerns bleu alone, and no such metric is counted here; leave it out"},
      {{"--smooth", "floor", "--metric", "chrf"}, "--smooth concerns bleu"},
      {{"--smooth", "floor", "--smooth-value", "nan", "--metric", "bleu"}, "--smooth-value"},
      {{"--smooth-value", "0.5"}, "--smooth-value concerns bleu"},
      {{"--effective-order"}, "--effective-order concerns bleu"},
      {{"--decimals", "5"}, "--decimals concerns bleu, chrf or chrf++"},
      {{"--align", "sclite", "--metric", "bleu"}, "--align concerns wer, cer, ser or symbol"},
      {{"--alignments", "--metric", "bleu"}, "--alignments shows"}};
  for (const auto& [options, message] : cases)
    EXPECT_EQ(refusal(options).substr(0, message.size()), message);
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
  const std::string text = score(kReferenceText, kHypothesis, {"--alignments"});
  EXPECT_NE(text.find("u2\nREF:  on the mat ***\nHYP:  on a   mat here\nEVAL:    S       I\n"),
            std::string::npos)
      << text;
  const json report =
      json::parse(score(kReferenceText, kHypothesis, {"--alignments", "--format", "json"}));
  EXPECT_EQ(report.at("alignments").at(1).at("alignment"), "CSCI");
  EXPECT_EQ(report.at("alignments").at(2).at("alignment"), "DD");
}

TEST_F(ScoreCommand, TheSameSeedPrintsTheSameBytes) {
  const auto seeded = [&](const char* seed) {
    return score(kReferenceText, kHypothesis, {"--seed", seed});
  };
  EXPECT_EQ(seeded("5"), seeded("5"));
}

TEST_F(ScoreCommand, QuietLeavesTheNotesOut) {
  EXPECT_NE(score(kReferenceText, kHypothesis).find("resamples"), std::string::npos);
  EXPECT_EQ(score(kReferenceText, kHypothesis, {"--quiet"}).find("resamples"), std::string::npos);
}

TEST_F(ScoreCommand, AWrongFileIsTheUsersError) {
  EXPECT_THROW(score(kReferenceText, "u7 x\n"), Error);
}

}  // namespace
}  // namespace edgeval
