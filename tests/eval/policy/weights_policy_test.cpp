// Tests the weights axis on the command line: keys of a policy, refusals, and reports of runs.
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

TEST(WeightsPolicy, WordsNumbersAndPairsAreReadAndWrittenBack) {
  const Policy policy = load_policy({}, {"weights.type=binary", "weights.values=[-0.5, 0.5]",
                                         "weights.rule=stochastic", "weights.seed=7"});
  const Binary& binary = std::get<Binary>(policy.weights);
  EXPECT_EQ(binary.values_min, -0.5);
  EXPECT_EQ(binary.values_max, 0.5);
  EXPECT_EQ(binary.rule, BinaryRule::kStochastic);
  EXPECT_EQ(choice_to_json(policy.weights).dump(),
            R"({"type":"binary","values":[-0.5,0.5],"rule":"stochastic","scale":"mean","seed":7})");
}

TEST(WeightsPolicy, EveryDefaultComesBackFromItsOwnText) {
  for_each_technique<Weights>([](const auto& technique) {
    const nlohmann::ordered_json json = technique_to_json(technique);
    std::vector<std::string> settings;
    for (const auto& [key, value] : json.items()) {
      std::string text = value.dump();
      std::erase(text, '"');
      if (!value.is_null()) settings.push_back(concat("weights.", key, "=", text));
    }
    EXPECT_EQ(choice_to_json(load_policy({}, settings).weights), json);
  });
}

TEST(WeightsPolicy, AnUnknownWordIsRefusedWithTheNearestOne) {
  try {
    load_policy({}, {"weights.type=multi_bit", "weights.method=alternate"});
    FAIL() << "accepted";
  } catch (const Error& error) {
    EXPECT_STREQ(error.what(),
                 "--set: weights.method: unknown value 'alternate'; did you mean alternating?");
  }
}

TEST(WeightsPolicy, ARunReportsStorageProductsAndTheNetworkAsTrainedBesideIt) {
  const TemporaryFolder folder;
  const std::string out = (folder.path() / "out").string();
  const CommandResult result = run_shell(concat(
      "edgeval run --quiet --model ", quoted(spoken_model()), " --data ", quoted(spoken_data()),
      " --limit 2 --out ", quoted(out), " --set weights.type=pruned weights.share=0.75"));
  ASSERT_EQ(result.code, 0) << result.err;
  const auto report = nlohmann::json::parse(read_file(folder.path() / "out/report.json"));
  const auto& weights = report.at("weights");
  // In two directions there are 4 x 128 x (120 + 128) and twice 4 x 128 x (256 + 128) weights; the
  // linear layer has 256 x 29.
  EXPECT_EQ(weights.at("weights"), 2 * (126976 + 2 * 196608) + 7424);
  std::uint64_t bits = 0;
  for (std::size_t i = 0; i < weights.at("layers").size(); ++i) {
    const auto& layer = weights.at("layers")[i];
    EXPECT_EQ(layer.at("mac"), "sparse_multiply_add");
    EXPECT_EQ(report.at("activity").at("layers")[i].at("shape").at("stored_bits"),
              layer.at("storage_bits"));
    bits += layer.at("storage_bits").get<std::uint64_t>();
  }
  EXPECT_EQ(weights.at("storage_bits"), bits);
  EXPECT_NEAR(weights.at("bits_per_weight").get<double>(), 1 + 32 * 0.25, 1e-3);
  EXPECT_TRUE(report.contains("dense"));
  for (const auto& energy : report.at("energy")) {
    const double dense = energy.at("joules_dense"), as_trained = energy.at("joules_as_trained");
    if (energy.at("accelerator") == "cpu1")
      EXPECT_EQ(dense, as_trained) << "its weights stay in the cache, whatever their size";
    else
      EXPECT_LT(dense, as_trained);
  }
  // A stored report is priced as the run was.
  const CommandResult again =
      run_shell(concat("edgeval energy --format json --report ", quoted(out), "/report.json"));
  ASSERT_EQ(again.code, 0) << again.err;
  EXPECT_EQ(nlohmann::json::parse(again.out).at("energy"), report.at("energy"));
}

}  // namespace
}  // namespace edgeval::test
