// Tests the nonlinearity axis on the command line: keys of a policy, refusals, and reports of runs.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "eval/policy/choices.hpp"
#include "eval/policy/policy.hpp"
#include "host/core/error.hpp"
#include "host/core/files/file.hpp"
#include "tests/support/command.hpp"
#include "tests/support/temporary_folder.hpp"

namespace edgeval::test {
namespace {

TEST(NonlinearityPolicy, EveryDefaultComesBackFromItsOwnText) {
  for_each_technique<Nonlinearity>([](const auto& technique) {
    const nlohmann::ordered_json json = technique_to_json(technique);
    std::vector<std::string> settings;
    for (const auto& [key, value] : json.items()) {
      std::string text = value.dump();
      std::erase(text, '"');
      settings.push_back(concat("nonlinearity.", key, "=", text));
    }
    EXPECT_EQ(choice_to_json(load_policy({}, settings).nonlinearity), json);
  });
}

TEST(NonlinearityPolicy, ParametersOutOfRangeAreRefused) {
  const auto refused = [](const std::vector<std::string>& settings) -> std::string {
    try {
      load_policy({}, settings);
    } catch (const Error& error) {
      return error.what();
    }
    return "accepted";
  };
  EXPECT_EQ(
      refused({"nonlinearity.type=table", "nonlinearity.entries=0"}),
      "--set: nonlinearity: entries must be a whole number from 1 to 65536; given: {entries: 0}");
  EXPECT_EQ(refused({"nonlinearity.type=table", "nonlinearity.range=[4, 4]"}),
            "--set: nonlinearity: range must be [min, max] with -64 <= min < max <= 64; given: "
            "{range: [4, 4]}");
  EXPECT_EQ(refused({"nonlinearity.type=range_addressed", "nonlinearity.epsilon=0"}),
            "--set: nonlinearity: epsilon must be from 0.0001 to 0.5; given: {epsilon: 0}");
  EXPECT_EQ(refused({"nonlinearity.type=piecewise_linear", "nonlinearity.segments=1.5"}),
            "--set: nonlinearity: segments must be a whole number from 1 to 1024; given: "
            "{segments: 1.5}");
  EXPECT_EQ(refused({"nonlinearity.type=piecewise_linear", "nonlinearity.limit=.inf"}),
            "--set: nonlinearity: limit must be from 0.125 to 64; given: {limit: .inf}");
  EXPECT_EQ(refused({"nonlinearity.type=hard", "nonlinearity.variant=kera"}),
            "--set: nonlinearity.variant: unknown value 'kera'; did you mean keras?");
}

TEST(NonlinearityPolicy, ALinearLayerRefusesOne) {
  const CommandResult result = run_shell(
      concat("edgeval run --quiet --model ", quoted(spoken_model()), " --data ",
             quoted(spoken_data()), " --limit 1 --set layers.output.nonlinearity.type=hard"));
  EXPECT_EQ(result.code, 1);
  EXPECT_EQ(
      result.err,
      "edgeval: --set: layer output is linear and has no sigmoid or tanh; a nonlinearity acts "
      "on recurrent layers only\n");
}

TEST(NonlinearityPolicy, ARunReportsTheChoiceOfEveryLayerItsCountsAndAnExactRunBesideIt) {
  const TemporaryFolder folder;
  const std::string out = (folder.path() / "out").string();
  const CommandResult result =
      run_shell(concat("edgeval run --quiet --model ", quoted(spoken_model()), " --data ",
                       quoted(spoken_data()), " --limit 1 --out ", quoted(out),
                       " --set nonlinearity.type=table nonlinearity.entries=64 "
                       "layers.lstm2.nonlinearity.type=exact"));
  ASSERT_EQ(result.code, 0) << result.err;
  const auto report = nlohmann::json::parse(read_file(folder.path() / "out/report.json"));
  const auto& policy = report.at("policy");
  EXPECT_EQ(policy.at("nonlinearity").at("entries"), 64);
  EXPECT_EQ(policy.at("layers").at("lstm1").at("nonlinearity"), policy.at("nonlinearity"));
  EXPECT_EQ(policy.at("layers").at("lstm2").at("nonlinearity").at("type"), "exact");
  EXPECT_EQ(policy.at("layers").at("output").at("nonlinearity").at("type"), "exact");
  for (const auto& layer : report.at("activity").at("layers")) {
    const auto evaluations =
        layer.at("shape").at("kind") == "lstm" ? 5 * layer.at("outputs").get<int>() : 0;
    const bool exact = layer.at("name") == "lstm2";
    EXPECT_EQ(layer.at("nonlinearities"), exact ? evaluations : 0);
    EXPECT_EQ(layer.at("nonlinearity_reads"), exact ? 0 : evaluations);
  }
  EXPECT_TRUE(report.contains("dense"));
  EXPECT_EQ(report.at("energy").size(), 4U);  // cpu1, epur28, epur28_memo, reuse32
  for (const auto& energy : report.at("energy")) EXPECT_LT(energy.at("ratio").get<double>(), 1);
}

}  // namespace
}  // namespace edgeval::test
