// The dense network to which `edgeval calibrate` and `edgeval serve` compare speech that is decoded
// with beams has a beam, too: it is that of `edgeval run` with a fixed beam of the greatest width.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/eval/command/swept_folder.hpp"

namespace edgeval::test {
namespace {

const Arguments kSmallSpeech{"--model", "model.safetensors", "--data", "set.jsonl"};

class CtcBeamDense : public ::testing::Test {
 protected:
  // Returns the report of a run of the dense network with these options.
  nlohmann::json report(const Arguments& more) const {
    const CommandResult run =
        edgeval(joined({"run", "--quiet", "--no-reference", "--out", "run"}, kSmallSpeech, more),
                small_.path());
    EXPECT_EQ(run.code, 0) << run.err;
    auto report = nlohmann::json::parse(read_file(small_.path() / "run/report.json"));
    std::filesystem::remove_all(small_.path() / "run");
    return report;
  }
  CommandResult calibrate(const Arguments& more) const {
    return edgeval(joined({"calibrate", "--quiet", "--confirm-data", "set.jsonl", "--points", "4"},
                          {"--max-loss", "0", "--out", "out"}, joined(kSmallSpeech, more)),
                   small_.path());
  }
  // Checks that the dense network of a calibration, in which nothing is confirmed, has this width.
  void expect_dense_width(const Arguments& more, const std::string& width) const {
    const CommandResult result = calibrate(joined({"--least", "rows"}, more));
    ASSERT_EQ(result.code, 0) << result.err;
    const auto json = nlohmann::json::parse(read_file(small_.path() / "out/calibration.json"));
    EXPECT_TRUE(json.at("best").is_null());
    const nlohmann::json dense = report({"--set", "beam.width=" + width});
    EXPECT_EQ(json.at("dense_cost"), dense.at("activity").at("decoder").at("rows"));
    EXPECT_EQ(json.at("development").at("dense"), dense.at("quality").at("wer").at("value"));
    EXPECT_EQ(comparable_beam(report({"--policy", "out/best.yaml"})), comparable_beam(dense));
    std::filesystem::remove_all(small_.path() / "out");
  }
  static nlohmann::json comparable_beam(const nlohmann::json& report) {
    return {report.at("policy").at("beam"), report.at("activity").at("decoder")};
  }
  // Returns the lines that `edgeval serve` writes when it is asked these points.
  std::vector<nlohmann::json> served(const Arguments& more, const Arguments& points) const {
    std::string lines;
    for (const std::string& point : points) lines += "{\"point\": " + point + "}\n";
    small_.file("lines.jsonl", lines);
    const CommandResult result =
        run_shell(command_line(joined({"serve", "--quiet"}, kSmallSpeech, more)) + " < lines.jsonl",
                  small_.path());
    EXPECT_EQ(result.code, 0) << result.err;
    std::vector<nlohmann::json> answers;
    std::istringstream text(result.out);
    for (std::string line; std::getline(text, line);)
      answers.push_back(nlohmann::json::parse(line));
    EXPECT_EQ(answers.size(), points.size() + 1);
    return answers;
  }
  nlohmann::json rows(const std::string& setting) const {
    return report({"--set", setting}).at("activity").at("decoder").at("rows");
  }

  const SmallSweep small_;
};

TEST_F(CtcBeamDense, OfACalibrationIsAsWideAsThePoints) {
  // The base is refused, for it has no sigma_max.
  expect_dense_width({"--set", "beam.type=dynamic", "beam.sigma_min=0.1", "beam.max=6", "--vary",
                      "beam.sigma_max=0.5:2"},
                     "6");
  // The base has no beam.
  expect_dense_width({"--vary", "beam.type=fixed,pruned"}, "5");
  expect_dense_width({"--vary", "beam.width=2:4"}, "4");
}

TEST_F(CtcBeamDense, OfACalibrationIsGreedyWherePointsAre) {
  const Arguments vary{"--set",  "operand.type=delta",
                       "--vary", "operand.threshold_x=0.01:2",
                       "--vary", "operand.threshold_h=0.01:2"};
  EXPECT_TRUE(is_refusal(calibrate(joined({"--least", "rows"}, vary)),
                         "--least rows: only a beam search has rows, and no point has a beam"));
  EXPECT_FALSE(std::filesystem::exists(small_.path() / "out"));
  const CommandResult result = calibrate(joined({"--least", "macs"}, vary));
  ASSERT_EQ(result.code, 0) << result.err;
  EXPECT_FALSE(report({"--policy", "out/best.yaml"}).at("policy").contains("beam"));
}

TEST_F(CtcBeamDense, OfARunIsSaidToHaveABeam) {
  const auto printed = [&](const Arguments& more) {
    const CommandResult run =
        edgeval(joined({"run", "--set", "operand.type=delta", "operand.threshold_x=0.1",
                        "operand.threshold_h=0.1", "--out", "run"},
                       kSmallSpeech, more),
                small_.path());
    EXPECT_EQ(run.code, 0) << run.err;
    std::filesystem::remove_all(small_.path() / "run");
    return run.out;
  };
  const std::string beam = printed({"--set", "beam.type=pruned", "beam.width=7"}),
                    greedy = printed({});
  EXPECT_NE(beam.find(" against dense with a beam of 7)"), std::string::npos) << beam;
  EXPECT_NE(greedy.find(" against dense)"), std::string::npos) << greedy;
}

TEST_F(CtcBeamDense, OfAServiceIsAsWideAsThePolicy) {
  const std::vector<nlohmann::json> open =
      served({"--set", "beam.type=dynamic", "beam.max=8"},
             {"{\"beam.sigma_min\": 0.1, \"beam.sigma_max\": 0.2}", "{\"beam.sigma_min\": 0.1}"});
  EXPECT_EQ(open[0].at("dense").at("rows"), rows("beam.width=8"));
  EXPECT_LT(open[1].at("rows"), open[0].at("dense").at("rows"));
  EXPECT_TRUE(open[2].contains("error"));
  // What is wrong with another axis leaves the beam.
  EXPECT_EQ(
      served({"--set", "operand.type=delta", "beam.width=3"}, {}).at(0).at("dense").at("rows"),
      rows("beam.width=3"));
}

TEST_F(CtcBeamDense, OfAServiceIsNotComparedWithPointsOfTheOtherKind) {
  const std::vector<nlohmann::json> greedy = served({}, {"{\"beam.width\": 3}", "{}"});
  EXPECT_EQ(greedy[1].at("error"),
            "beam.width=3: the point has a beam and the dense network has none; start `edgeval "
            "serve` with a beam, such as --set beam.type=fixed");
  EXPECT_FALSE(greedy[2].contains("rows"));
  EXPECT_FALSE(greedy[0].at("dense").contains("rows"));
}

}  // namespace
}  // namespace edgeval::test
