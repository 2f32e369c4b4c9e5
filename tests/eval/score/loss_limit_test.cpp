// `edgeval compare --max-loss` limits what B may lose against A, and prints a bound of the loss.
#include "eval/score/loss_limit.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "tests/support/command.hpp"
#include "tests/support/temporary_folder.hpp"

namespace edgeval::test {
namespace {

using Json = nlohmann::json;
using Arguments = std::vector<std::string>;

constexpr int kExceeded = 3;

// The texts are two sentences of ten words; `worse` has one wrong word in the first, so its WER is
// 5 % and the loss is 5 points. Of the resamples of two sentences a quarter draw the first twice
// (10 points), half draw it once (5), and a quarter never do (0).
class LossLimits : public ::testing::Test {
 protected:
  LossLimits() {
    folder_.file("ref", "a b c d e f g h i j\nk l m n o p q r s t\n");
    folder_.file("right", "a b c d e f g h i j\nk l m n o p q r s t\n");
    folder_.file("worse", "a b c d e f g h i x\nk l m n o p q r s t\n");
  }
  CommandResult run(const char* a, const char* b, const Arguments& more) const {
    Arguments arguments{"compare", a, b, "--reference", "ref", "--input-format", "lines"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return edgeval(arguments, folder_.path());
  }
  Json gate(const char* a, const char* b, Arguments more) const {
    more.insert(more.end(), {"--format", "json"});
    const CommandResult result = run(a, b, more);
    const Json gate = Json::parse(result.out).at("gate");
    EXPECT_EQ(result.err, "");
    EXPECT_EQ(result.code, gate.at("passed") ? 0 : kExceeded);
    return gate;
  }

  TemporaryFolder folder_;
};

bool ends_with(const CommandResult& result, const std::string& line) {
  return result.out.ends_with("\n" + line + "\n");
}

TEST_F(LossLimits, ALossAboveTheLimitIsExitCodeThree) {
  const CommandResult above = run("right", "worse", {"--metric", "wer", "--max-loss", "4.9"});
  EXPECT_EQ(above.code, kExceeded) << above.err;
  EXPECT_EQ(above.err, "");
  EXPECT_TRUE(ends_with(above, "loss 5.00 points of WER exceeds --max-loss 4.9")) << above.out;
  const CommandResult at = run("right", "worse", {"--metric", "wer", "--max-loss", "5"});
  EXPECT_EQ(at.code, 0) << at.err;
  EXPECT_TRUE(ends_with(at, "loss 5.00 points of WER is within --max-loss 5")) << at.out;
  const Json json = gate("right", "worse", {"--metric", "wer", "--max-loss", "4.9"});
  EXPECT_EQ(json.at("metric"), "wer");
  EXPECT_NEAR(json.at("loss").get<double>(), 5, 1e-9);
  EXPECT_TRUE(json.at("bound").is_null());
  EXPECT_EQ(json.at("max_loss"), 4.9);
  EXPECT_EQ(json.at("passed"), false);
}

TEST_F(LossLimits, TheLossIsThatOfBWhicheverWayTheMetricGoes) {
  const auto loss = [&](const char* a, const char* b, const char* metric) {
    return gate(a, b, {"--metric", metric, "--max-loss", "60"}).at("loss").get<double>();
  };
  EXPECT_NEAR(loss("right", "worse", "wer"), 5, 1e-9);
  EXPECT_NEAR(loss("worse", "right", "wer"), -5, 1e-9);
  EXPECT_NEAR(loss("right", "worse", "ser"), 50, 1e-9);
  EXPECT_NEAR(loss("right", "worse", "exact"), 50, 1e-9);
  EXPECT_NEAR(loss("worse", "right", "exact"), -50, 1e-9);
  EXPECT_GT(loss("right", "worse", "bleu"), 0);
  EXPECT_LT(loss("worse", "right", "chrf"), 0);
  EXPECT_EQ(run("worse", "right", {"--metric", "wer", "--max-loss", "0"}).code, 0);
}

TEST_F(LossLimits, TheFirstMetricIsHeldToIt) {
  EXPECT_EQ(run("right", "worse", {"--metric", "wer,ser", "--max-loss", "5"}).code, 0);
  EXPECT_EQ(run("right", "worse", {"--metric", "ser,wer", "--max-loss", "5"}).code, kExceeded);
  EXPECT_EQ(gate("right", "worse", {"--max-loss", "5"}).at("metric"), "bleu");
}

TEST_F(LossLimits, AConfidenceWantsEnoughResamples) {
  EXPECT_TRUE(is_refusal(run("right", "worse", {"--max-loss", "9", "--confidence", "0.999999"}),
                         "--confidence 0.999999: wants at least 5000000 --resamples"));
}

TEST_F(LossLimits, WithAConfidenceTheBoundIsHeldToIt) {
  const auto bound = [&](const char* confidence, const char* limit) {
    return gate("right", "worse",
                {"--metric", "wer", "--max-loss", limit, "--confidence", confidence});
  };
  // Three quarters of the resamples lose at most 5 points, all of them at most 10.
  EXPECT_NEAR(bound("0.6", "5").at("bound").get<double>(), 5, 1e-9);
  EXPECT_NEAR(bound("0.9", "9").at("bound").get<double>(), 10, 1e-9);
  EXPECT_EQ(bound("0.6", "5").at("passed"), true);
  EXPECT_EQ(bound("0.9", "9").at("passed"), false);
  EXPECT_EQ(bound("0.9", "10").at("passed"), true);
  const CommandResult result =
      run("right", "worse", {"--metric", "wer", "--max-loss", "9", "--confidence", "0.9"});
  EXPECT_TRUE(ends_with(result,
                        "loss 5.00 points of WER, at most 10.00 with 90 % confidence, exceeds "
                        "--max-loss 9"))
      << result.out;
}

// With none of 2 utterances seen to differ, a share p of them goes unseen with probability
// (1 - p)^2; that is 0.05 for p = 1 - sqrt(0.05) = 77.64 %.
TEST_F(LossLimits, EqualHypothesesPromiseNoCertainty) {
  const auto equal = [&](const char* metric, const char* limit) {
    return gate("worse", "worse",
                {"--metric", metric, "--max-loss", limit, "--confidence", "0.95"});
  };
  const double unseen = 100 * (1 - std::sqrt(0.05));
  for (const char* metric : {"ser", "exact"}) {
    EXPECT_NEAR(equal(metric, "77").at("bound").get<double>(), unseen, 1e-9);
    EXPECT_EQ(equal(metric, "77").at("passed"), false);
    EXPECT_EQ(equal(metric, "78").at("passed"), true);
  }
  for (const char* metric : {"wer", "cer", "bleu", "chrf"}) {
    const Json json = equal(metric, "0");
    EXPECT_TRUE(json.at("bound").is_null());
    EXPECT_NEAR(json.at("differing_bound").get<double>(), unseen, 1e-9);
    EXPECT_EQ(json.at("passed"), true);
  }
  const CommandResult result =
      run("worse", "worse", {"--metric", "wer", "--max-loss", "0", "--confidence", "0.95"});
  EXPECT_TRUE(ends_with(result,
                        "loss 0.00 points of WER is within --max-loss 0; WER differs in no "
                        "utterance: with 95 % confidence it would in fewer than 77.64 % of further "
                        "ones, but how much is not bounded"))
      << result.out;
}

TEST_F(LossLimits, WhatCannotBeHeldIsRefused) {
  const auto refused = [&](const Arguments& more, const std::string& part) {
    return is_refusal(run("right", "worse", more), part);
  };
  EXPECT_TRUE(refused({"--max-loss", "nan"}, "--max-loss nan: points of the metric are wanted"));
  EXPECT_TRUE(refused({"--max-loss", "inf"}, "--max-loss inf: points of the metric are wanted"));
  EXPECT_TRUE(refused({"--max-loss", "-1"}, "--max-loss -1: points of the metric are wanted"));
  EXPECT_TRUE(refused({"--max-loss", "much"}, "--max-loss"));
  EXPECT_TRUE(refused({"--confidence", "0.9"}, "--confidence requires --max-loss"));
  for (const char* confidence : {"0.4", "1", "95", "nan"})
    EXPECT_TRUE(refused({"--max-loss", "1", "--confidence", confidence}, "below 1"));
  EXPECT_TRUE(refused({"--max-loss", "1", "--confidence", "0.999"},
                      "--confidence 0.999: wants at least 5000 --resamples"));
  EXPECT_TRUE(
      refused({"--max-loss", "1", "--metric", "bleu", "--smooth", "floor", "--smooth-value", "nan"},
              "--smooth-value: nan is out of range; it must be from 1e-09 to 1e+09"));
  folder_.file("ref", "a b\n");
  folder_.file("right", "a b\n");
  folder_.file("worse", "a\n");
  EXPECT_TRUE(refused({"--metric", "wer", "--max-loss", "1", "--confidence", "0.9"},
                      "one utterance shows no spread"));
  folder_.file("ref", "\n");
  folder_.file("right", "\n");
  EXPECT_TRUE(refused({"--metric", "wer", "--max-loss", "1"}, "WER has no value"));
}

TEST_F(LossLimits, AFullDiskIsNoVerdict) {
  const CommandResult result = run_shell(
      "edgeval compare right worse --reference ref --metric wer --input-format lines --max-loss 1 "
      "> /dev/full",
      folder_.path());
  EXPECT_EQ(result.code, 2);
}

TEST(LossLimit, RoundingIsNoLoss) {
  Compared metric{"wer", "WER", "", {}};
  metric.figures.difference = 100 * 8.0 / 12 - 100 * 5.0 / 12;
  ASSERT_GT(*metric.figures.difference, 25);  // by its last bits
  EXPECT_TRUE(judge_loss(metric, 2, {25}).passed);
  EXPECT_FALSE(judge_loss(metric, 2, {24.999}).passed);
}

}  // namespace
}  // namespace edgeval::test
