// `edgeval energy`: a stored report priced again gives the joules of its own run, without the
// model.
#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "eval/price/pricing.hpp"
#include "host/core/files/file.hpp"
#include "tests/hwmodel/toy_accelerator.hpp"
#include "tests/support/command.hpp"
#include "tests/support/temporary_folder.hpp"

namespace edgeval::test {
namespace {

using Json = nlohmann::json;

class EnergyCommand : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    folder_ = new TemporaryFolder;
    const CommandResult run =
        edgeval({"run", "--model", spoken_model(), "--data", spoken_data(), "--limit", "6",
                 "--policy", spoken_data() + "/skip_delta.yaml", "--out", "out"},
                folder_->path());
    if (run.code != 0) throw std::runtime_error(run.err);
  }
  static void TearDownTestSuite() { delete std::exchange(folder_, nullptr); }

  static CommandResult energy(std::vector<std::string> more) {
    more.insert(more.begin(), {"energy", "--report", "out/report.json"});
    return edgeval(more, folder_->path());
  }
  static Json report() { return Json::parse(read_file(folder_->path() / "out/report.json")); }

  static inline TemporaryFolder* folder_ = nullptr;
};

TEST_F(EnergyCommand, GivesTheJoulesOfTheReport) {
  const CommandResult result = energy({"--format", "json"});
  ASSERT_EQ(result.code, 0) << result.err;
  const Json priced = Json::parse(result.out);
  EXPECT_EQ(priced.at("energy"), report().at("energy"));
  EXPECT_EQ(priced.at("energy").size(), 3u);
}

TEST_F(EnergyCommand, TakesAcceleratorsByNameAndFile) {
  std::string toy = hw::test::kToy;
  for (const char* count : {"inputs_zero", "recurrent_inputs_zero", "score_comparisons",
                            "score_quantizations", "operand_comparisons", "operand_subtractions"})
    toy.append("  ").append(count).append(": left out\n");
  folder_->file("toy.yaml", toy);
  const CommandResult result = energy({"--hardware", "toy.yaml", "reuse32", "--format", "json"});
  ASSERT_EQ(result.code, 0) << result.err;
  const Json prices = Json::parse(result.out).at("energy");
  ASSERT_EQ(prices.size(), 2u);
  EXPECT_EQ(prices[0].at("accelerator"), "toy");
  EXPECT_EQ(prices[1].at("accelerator"), "reuse32");

  // The toy's rules by hand: 10 pJ a weight, 3 pJ for each weight and bias of an utterance, 2 pJ a
  // MAC (1 in linear layers); a cycle of 1 us for max(outputs, 3) x gates of a run step and for a
  // changed input of a linear layer; 3 mW.
  double picojoules = 0, cycles = 0;
  const Json stored = report();
  for (const Json& layer : stored.at("activity").at("layers")) {
    const Json& shape = layer.at("shape");
    const double gates = shape.at("gates"), outputs = shape.at("outputs");
    const double columns = shape.at("inputs").get<double>() + shape.at("recurrent").get<double>();
    const bool linear = shape.at("kind") == "linear";
    picojoules += 10 * layer.at("weight_words").at("32").get<double>() +
                  3 * layer.at("sequences").get<double>() * gates * outputs * (columns + 1) +
                  (linear ? 1 : 2) * layer.at("macs").at("fp32").get<double>();
    cycles += layer.at("steps_run").get<double>() * outputs * gates +
              (linear ? layer.at("inputs_changed").get<double>() : 0);
  }
  const double joules = 1e-12 * picojoules + 3e-3 * cycles * 1e-6;
  EXPECT_NEAR(prices[0].at("joules").get<double>() / joules, 1, 1e-12);
  EXPECT_NEAR(prices[0].at("cycles").get<double>() / cycles, 1, 1e-12);
}

TEST_F(EnergyCommand, WritesTheSameJsonToAFile) {
  const CommandResult result = energy({"--out", "prices.json", "--format", "json"});
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_EQ(read_file(folder_->path() / "prices.json"), result.out);
}

TEST_F(EnergyCommand, PrintsATableWithAlignedColumns) {
  const CommandResult result = energy({"--hardware", "reuse32"});
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_TRUE(result.out.starts_with("accelerator ")) << result.out;
  for (const char* heading :
       {" dense energy ", " ratio ", " range of ratio ", " x real time ", " dense x real time\n"})
    EXPECT_NE(result.out.find(heading), std::string::npos) << heading;
  EXPECT_NE(result.out.find("\n  weight_memory "), std::string::npos) << result.out;
  const std::size_t joules = result.out.find("J  ");  // the first price ends where its title ends
  const std::size_t title = result.out.find("energy") + 5;
  EXPECT_EQ(joules - result.out.rfind('\n', joules) - 1, title) << result.out;
}

TEST_F(EnergyCommand, NamesTheAcceleratorsLeftOutWithTheReason) {
  const CommandResult all = energy({}), quiet = energy({"--quiet"}),
                      json = energy({"--format", "json"});
  const std::string line = "epur28_sip is left out: layer lstm1 (forward): it has macs.fp32";
  EXPECT_NE(all.out.find("\n" + line), std::string::npos) << all.out;
  EXPECT_EQ(quiet.out.find("left out"), std::string::npos) << quiet.out;
  EXPECT_EQ(quiet.out.find("weight_memory"), std::string::npos) << quiet.out;
  const Json left_out = Json::parse(json.out).at("energy_left_out");
  EXPECT_TRUE(left_out.contains("epur28_sip") && left_out.contains("similarity65")) << left_out;
  EXPECT_FALSE(left_out.contains("reuse32"));
  const CommandResult named = energy({"--hardware", "similarity65"});
  EXPECT_TRUE(is_refusal(named, "run with --set arithmetic.type=int16"));
}

// A constant that scales both energies leaves no more than rounding between the two ends.
TEST(Pricing, RoundingIsNoRange) {
  const double ratio = 0.9382090255642461;
  const auto has_range = [](hw::RatioRange of) {
    Pricing pricing;
    pricing.ratio = of;
    return pricing.has_range();
  };
  EXPECT_FALSE(has_range({ratio, ratio, std::nextafter(ratio, 1)}));
  EXPECT_TRUE(has_range({ratio, ratio - 1e-4, ratio}));
  EXPECT_TRUE(has_range({1, 1, 1}));
}

// A core cannot leave out single products, so its price of delta is no forecast and has no range.
TEST_F(EnergyCommand, ALowerBoundIsCalledOne) {
  const CommandResult text = energy({"--hardware", "cpu1"}),
                      json = energy({"--hardware", "cpu1", "--format", "json"});
  EXPECT_NE(text.out.find("cpu1 is a lower bound here"), std::string::npos) << text.out;
  const Json entry = Json::parse(json.out).at("energy").at(0);
  EXPECT_EQ(entry.at("bound").at("kind"), "lower");
  EXPECT_TRUE(entry.at("ratio_range").is_null());
  const Json forecast =
      Json::parse(energy({"--hardware", "reuse32", "--format", "json"}).out).at("energy").at(0);
  EXPECT_FALSE(forecast.contains("bound"));
  EXPECT_LT(forecast.at("ratio_range").at(0), forecast.at("ratio"));
}

}  // namespace
}  // namespace edgeval::test
