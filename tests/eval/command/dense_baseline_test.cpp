// The dense side of a report is the same chip without the technique: its joules are those of a run
// that does nothing to save energy, in the same arithmetic, and its MACs are those of the dense
// network layer by layer, also where a beam of another width takes other steps.
#include <gtest/gtest.h>

#include <map>
#include <nlohmann/json.hpp>

#include "tests/support/command.hpp"
#include "tests/support/stored_run.hpp"
#include "tests/support/temporary_folder.hpp"

namespace edgeval::test {
namespace {

using Json = nlohmann::json;
using Arguments = std::vector<std::string>;

// Returns the entries of energy by the name of the accelerator.
std::map<std::string, Json> energy_of(const StoredRun& run) {
  std::map<std::string, Json> by_name;
  for (const Json& entry : run.report.at("energy")) by_name[entry.at("accelerator")] = entry;
  return by_name;
}

// Runs three utterances of the set that ships. They are short, so that what is loaded once for each
// utterance matters most.
StoredRun run_three(const Arguments& settings) {
  Arguments arguments{"run",
                      "--model",
                      spoken_model(),
                      "--data",
                      spoken_data(),
                      "--limit",
                      "3",
                      "--profile",
                      spoken_data() + "/profile.json",
                      "--no-reference"};
  for (const std::string& setting : settings) {
    arguments.push_back("--set");
    arguments.push_back(setting);
  }
  return stored_run(arguments);
}

struct Technique {
  const char* name;
  Arguments settings;
  Arguments arithmetics = {"fp32", "int16", "int8"};
};

void PrintTo(const Technique& technique, std::ostream* out) { *out << technique.name; }

class DenseBaseline : public ::testing::TestWithParam<Technique> {};

TEST_P(DenseBaseline, IsTheChipWithoutTheTechnique) {
  int compared = 0;
  for (const std::string& arithmetic : GetParam().arithmetics) {
    Arguments settings{"arithmetic.type=" + arithmetic};
    const auto dense = energy_of(run_three(settings));
    settings.insert(settings.end(), GetParam().settings.begin(), GetParam().settings.end());
    for (const auto& [accelerator, entry] : energy_of(run_three(settings))) {
      if (!dense.contains(accelerator)) continue;
      EXPECT_EQ(entry.at("joules_dense"), dense.at(accelerator).at("joules"))
          << accelerator << ", " << arithmetic;
      EXPECT_EQ(entry.at("cycles_dense"), dense.at(accelerator).at("cycles"))
          << accelerator << ", " << arithmetic;
      EXPECT_NE(entry.at("joules"), entry.at("joules_dense")) << accelerator << ", " << arithmetic;
      ++compared;
    }
  }
  EXPECT_GE(compared, 1);
}

INSTANTIATE_TEST_SUITE_P(
    Techniques, DenseBaseline,
    ::testing::Values(
        Technique{"Skip", {"plan.type=similarity_skip", "plan.threshold=0.6"}},
        Technique{"PseudoSkip",
                  {"plan.type=similarity_skip", "plan.threshold=1", "plan.pseudo.threshold=0.2"},
                  {"int16"}},
        Technique{"Reuse", {"operand.type=reuse"}},
        Technique{"Delta",
                  {"operand.type=delta", "operand.threshold_x=0.1", "operand.threshold_h=0.1"}},
        Technique{"Memoized", {"operand.type=memoized", "operand.threshold=0.2"}}),
    [](const auto& info) { return std::string(info.param.name); });

// Its 8-bit weights take the place of those of int8; only the offset bits are its own. Under fp32
// the linear layer stays in fp32, so all runs here have int8 in all layers.
TEST(DenseBaseline, OfDynamicPrecisionHasNoOffsetBits) {
  const auto dense = energy_of(run_three({"arithmetic.type=int8"}));
  for (const std::string offset : {"on", "off"}) {
    const StoredRun precise = run_three(
        {"arithmetic.type=int8", "operand.type=dynamic_precision", "operand.offset_bit=" + offset});
    ASSERT_TRUE(energy_of(precise).contains("epur28_sip"));
    const Json entry = energy_of(precise).at("epur28_sip");
    EXPECT_EQ(entry.at("joules_dense"), dense.at("epur28_sip").at("joules")) << offset;
    EXPECT_EQ(entry.at("cycles_dense"), dense.at("epur28_sip").at("cycles")) << offset;

    // By hand: 4 gates x 128 cells x (120 + 128 inputs) weights and 3 x 128 of peepholes, if any.
    const Json shape = precise.report.at("activity").at("layers").at(0).at("shape");
    const int weights = 4 * 128 * (120 + 128);
    EXPECT_EQ(shape.at("stored_bits"), (offset == "on" ? 9 : 8) * weights);
    EXPECT_EQ(shape.value("added_bits", 0), offset == "on" ? weights : 0);
  }
}

// A report of schema 1 has nine bits a weight and does not say which of them are the technique's.
TEST(DenseBaseline, OfAStoredReportOfSchema1IsTheSame) {
  const StoredRun precise = run_three({"arithmetic.type=int8", "operand.type=dynamic_precision"});
  Json old = precise.report;
  old["schema"] = 1;
  for (Json& layer : old["activity"]["layers"]) layer["shape"].erase("added_bits");
  const TemporaryFolder folder;
  folder.file("old.json", old.dump());
  const CommandResult priced =
      edgeval({"energy", "--report", "old.json", "--format", "json"}, folder.path());
  ASSERT_EQ(priced.code, 0) << priced.err;
  EXPECT_EQ(Json::parse(priced.out).at("energy"), precise.report.at("energy"));
}

// Each share in the table is one of the dense network's MACs in the same layer.
TEST(DenseBaseline, OfATranslationIsTheReferenceLayerByLayer) {
  const StoredRun dynamic = stored_run(
      {"run", "--model", captions_model(), "--data", captions_file("captions.en"), "--reference",
       captions_file("captions.de"), "--limit", "20", "--set", "beam.type=dynamic", "--set",
       "beam.sigma_min=0.1", "--set", "beam.sigma_max=1.7"});
  const Json& layers = dynamic.report.at("activity").at("layers");
  const Json& dense = dynamic.report.at("dense").at("activity").at("layers");
  int fewer = 0;
  for (std::size_t i = 0; i < layers.size(); ++i) {
    double executed = 0;
    for (const auto& [precision, macs] : layers[i].at("macs").items())
      executed += macs.get<double>();
    const double share = 100 * executed / dense[i].at("macs_dense").get<double>();
    std::string name = layers[i].at("name");
    if (layers[i].at("direction") != "none")
      name += " " + layers[i].at("direction").get<std::string>();
    const std::size_t line = dynamic.command.out.find("\n" + name + "  ");
    ASSERT_NE(line, std::string::npos) << name << "\n" << dynamic.command.out;
    char text[32];
    std::snprintf(text, sizeof text, " %.1f %%", share);
    const std::size_t end = dynamic.command.out.find('\n', line + 1);
    EXPECT_TRUE(dynamic.command.out.substr(line, end - line).ends_with(text)) << name << text;
    fewer += share < 60 ? 1 : 0;
  }
  EXPECT_GE(fewer, 4) << "the decoder's rows are fewer than half of the reference's";
  EXPECT_NE(dynamic.command.out.find("policy: dynamic beam\n"), std::string::npos)
      << dynamic.command.out;
}

}  // namespace
}  // namespace edgeval::test
