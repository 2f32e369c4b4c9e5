// Reads policies with axes, overrides of layers and `--set`, and completes them with profiles
// (docs/formats/policy.md).
#include "eval/policy/policy.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "eval/policy/choices.hpp"
#include "host/core/error.hpp"
#include "tests/support/refusal.hpp"
#include "tests/support/safetensors.hpp"
#include "tests/support/temporary_folder.hpp"

namespace edgeval::test {
namespace {

using Settings = std::vector<std::string>;

class PolicyTest : public ::testing::Test {
 protected:
  Policy read(const std::string& text, const Settings& settings = {}) const {
    return load_policy(folder_.file("p.yaml", text), settings);
  }
  OperatingPoint point(const std::string& text, const Settings& settings = {},
                       const Profile* profile = nullptr) const {
    return resolve(read(text, settings), model_, profile);
  }
  // Returns a profile with p = 20 (10 fraction bits), x in [-3, 20] and h in [-0.5, 1] for every
  // layer.
  Profile profile() const {
    Profile profile;
    for (const Layer& layer : model_.layers) {
      LayerProfile measured;
      measured.name = layer_name(layer);
      measured.input.min = -3;
      measured.input.max = 20;
      measured.recurrent.min = -0.5;
      measured.recurrent.max = 1;
      measured.input_magnitude_p9999 = 20;
      profile.layers.push_back(measured);
    }
    return profile;
  }

  TemporaryFolder folder_;
  // The layers are lstm1, lstm2 and output.
  Model model_ = random_model({.inputs = 3, .lstm = {{.cells = 2}, {.cells = 2}}, .outputs = 5}, 1);
};

template <class Technique, class Choice>
Technique as(const Choice& choice) {
  EXPECT_TRUE(std::holds_alternative<Technique>(choice));
  return std::get<Technique>(choice);
}

TEST_F(PolicyTest, WithoutAFileAllIsDense) {
  const OperatingPoint point = resolve(load_policy(std::nullopt, {}), model_, nullptr);
  EXPECT_TRUE(is_dense(point));
  EXPECT_EQ(point.layers.size(), 3u);
  EXPECT_EQ(describe(model_, point), "dense");
}

TEST_F(PolicyTest, ReadsEveryAxis) {
  const Policy policy = read(
      "arithmetic: {type: fp32}\nweights: {type: as_trained}\nnonlinearity: {type: exact}\n"
      "plan: {type: similarity_skip, threshold: 0.25, max_consecutive: 7, shift: 9, fraction_bits: "
      "12}\n"
      "operand: {type: delta, threshold_x: 0.5, threshold_h: 0.125}\n");
  const auto skip = as<SimilaritySkip>(policy.plan);
  EXPECT_EQ(skip.threshold, 0.25);
  EXPECT_EQ(skip.max_consecutive, 7);
  EXPECT_EQ(skip.shift, 9);
  EXPECT_EQ(skip.fraction_bits, 12);
  const auto delta = as<Delta>(policy.operand);
  EXPECT_EQ(delta.threshold_x, 0.5);
  EXPECT_EQ(delta.threshold_h, 0.125);
}

TEST_F(PolicyTest, WhatIsNotGivenKeepsItsDefault) {
  const auto skip =
      as<SimilaritySkip>(read("plan: {type: similarity_skip, threshold: 0.5, shift: 3}").plan);
  EXPECT_EQ(skip.threshold, 0.5);
  EXPECT_EQ(skip.max_consecutive, SimilaritySkip{}.max_consecutive);
  EXPECT_TRUE(from_profile(skip.fraction_bits));
}

// No threshold suits every network: with 0.5 one network lost a third of its words.
TEST_F(PolicyTest, ThresholdsThatMustBeChosenHaveNoDefault) {
  const auto refusal = [&](const std::string& policy) -> std::string {
    try {
      read(policy);
    } catch (const Error& error) {
      return error.what();
    }
    return "accepted";
  };
  const auto wants = [&](const std::string& policy, const std::string& what) {
    const std::string message = refusal(policy);
    return message.find(what + ", which no default suits") != std::string::npos
               ? ::testing::AssertionSuccess()
               : ::testing::AssertionFailure() << message;
  };
  EXPECT_TRUE(wants("plan: {type: similarity_skip}", "plan: similarity_skip wants threshold"));
  EXPECT_TRUE(wants("operand: {type: delta}", "operand: delta wants threshold_x"));
  EXPECT_TRUE(wants("operand: {type: delta, threshold_x: 1}", "operand: delta wants threshold_h"));
  EXPECT_TRUE(wants("operand: {type: memoized}", "operand: memoized wants threshold"));
  EXPECT_TRUE(wants("layers: {lstm1: {operand: {type: memoized}}}",
                    "layers.lstm1.operand: memoized wants threshold"));
  EXPECT_EQ(refusal("plan: {type: similarity_skip, threshold: 0.9}\n"
                    "layers: {lstm1: {plan: {shift: 3}}}"),
            "accepted");
}

TEST_F(PolicyTest, TheReportWritesOutEveryDefaultAndEveryLayer) {
  const Policy policy = read(
      "operand: {type: reuse, range: [-1, 1.5]}\nlayers: {lstm2: {operand: {type: delta, "
      "threshold_x: 0.1, threshold_h: 0.1}}}");
  const nlohmann::json json = to_json(policy, model_, resolve(policy, model_, nullptr));
  EXPECT_EQ(json.at("arithmetic"), (nlohmann::json{{"type", "fp32"}}));
  EXPECT_EQ(json.at("weights"), (nlohmann::json{{"type", "as_trained"}}));
  EXPECT_EQ(json.at("nonlinearity"), (nlohmann::json{{"type", "exact"}}));
  EXPECT_EQ(json.at("plan"), (nlohmann::json{{"type", "every_step"}}));
  EXPECT_EQ(json.at("operand"),
            nlohmann::json::parse(R"({"type": "reuse", "clusters": 16, "range": [-1, 1.5]})"));
  EXPECT_EQ(json.at("layers").at("lstm1").at("operand"), json.at("operand"));
  EXPECT_EQ(json.at("layers").at("lstm2").at("operand"),
            nlohmann::json::parse(R"({"type": "delta", "threshold_x": 0.1, "threshold_h": 0.1})"));
  EXPECT_EQ(json.at("layers").at("output").at("operand"), (nlohmann::json{{"type", "as_is"}}));
}

TEST_F(PolicyTest, AnOverrideActsOnItsLayerOnly) {
  const OperatingPoint all = point(
      "plan: {type: similarity_skip, threshold: 0.5, fraction_bits: 12}\n"
      "layers: {lstm1: {plan: {type: every_step}}, lstm2: {operand: {type: delta, threshold_x: "
      "0.1, threshold_h: 0.1}}}");
  as<EveryStep>(all.layers[0].plan);
  as<AsIs>(all.layers[0].operand);
  as<SimilaritySkip>(all.layers[1].plan);
  as<Delta>(all.layers[1].operand);
}

TEST_F(PolicyTest, AnOverrideWithoutATypeKeepsTypeAndParametersInForce) {
  const OperatingPoint all = point(
      "layers: {lstm2: {plan: {shift: 4}}}\n"  // the order in the file does not matter
      "plan: {type: similarity_skip, threshold: 0.9, fraction_bits: 11}\n");
  const auto skip = as<SimilaritySkip>(all.layers[1].plan);
  EXPECT_EQ(skip.threshold, 0.9);
  EXPECT_EQ(skip.shift, 4);
  EXPECT_EQ(skip.fraction_bits, 11);
  EXPECT_EQ(as<SimilaritySkip>(all.layers[0].plan).shift, SimilaritySkip{}.shift);
}

TEST_F(PolicyTest, AnOverrideWithATypeStartsFromItsDefaults) {
  const OperatingPoint all = point(
      "plan: {type: similarity_skip, threshold: 0.9, fraction_bits: 11}\n"
      "layers: {lstm2: {plan: {type: similarity_skip, threshold: 0.5, fraction_bits: 9}}}");
  EXPECT_EQ(as<SimilaritySkip>(all.layers[0].plan).threshold, 0.9);
  EXPECT_EQ(as<SimilaritySkip>(all.layers[1].plan).threshold, 0.5);
}

TEST_F(PolicyTest, PlanAndOperandOfAllLayersLeaveLinearOnesAlone) {
  const OperatingPoint all = point(
      "plan: {type: similarity_skip, threshold: 0.5, fraction_bits: 8}\noperand: {type: delta, "
      "threshold_x: 0.1, threshold_h: 0.1}");
  as<EveryStep>(all.layers[2].plan);
  as<AsIs>(all.layers[2].operand);
  as<Delta>(point("layers: {output: {operand: {type: delta, threshold_x: 0.1, threshold_h: 0.1}}}")
                .layers[2]
                .operand);
}

TEST_F(PolicyTest, SetOverridesAFile) {
  const OperatingPoint all = point(
      "operand: {type: delta, threshold_x: 0.5, threshold_h: 0.25}",
      {"operand.threshold_x=0.75", "plan.type=similarity_skip", "plan.threshold=0.5",
       "plan.fraction_bits=7", "layers.lstm1.operand.threshold_h=0", "operand.threshold_x=1"});
  EXPECT_EQ(as<Delta>(all.layers[1].operand).threshold_x, 1);  // the last one counts
  EXPECT_EQ(as<Delta>(all.layers[1].operand).threshold_h, 0.25);
  EXPECT_EQ(as<Delta>(all.layers[0].operand).threshold_h, 0);
  EXPECT_EQ(as<SimilaritySkip>(all.layers[0].plan).fraction_bits, 7);
}

TEST_F(PolicyTest, SetAloneMakesAPolicy) {
  const Policy policy = load_policy(
      std::nullopt,
      {"operand.type=reuse", "operand.range=[-1, 1]", "operand.clusters=12",
       "layers.lstm2={plan: {type: similarity_skip, threshold: 0.5, fraction_bits: 3}}"});
  const OperatingPoint all = resolve(policy, model_, nullptr);
  const auto reuse = as<Reuse>(all.layers[0].operand);
  EXPECT_EQ(reuse.clusters, 12);
  EXPECT_EQ(reuse.range_min, -1);
  EXPECT_EQ(reuse.range_max, 1);
  as<EveryStep>(all.layers[0].plan);
  EXPECT_EQ(as<SimilaritySkip>(all.layers[1].plan).fraction_bits, 3);
}

TEST_F(PolicyTest, ASetTypeDropsTheKeysTheFileGaveAnotherType) {
  const std::string file =
      "operand: {type: delta, threshold_x: 0.5, threshold_h: 0.25}\n"
      "layers: {lstm1: {operand: {threshold_h: 0}}, lstm2: {operand: {type: delta, threshold_x: "
      "0.1, threshold_h: 0.1}}}";
  // A setting stays, whether it stands before or after the type.
  const OperatingPoint all =
      point(file, {"operand.clusters=12", "operand.type=reuse", "operand.range=[-1, 1]"});
  EXPECT_EQ(as<Reuse>(all.layers[0].operand).clusters, 12);
  as<Delta>(all.layers[1].operand);
  const OperatingPoint layer =
      point(file, {"layers.lstm1.operand.type=reuse", "layers.lstm1.operand.range=[-1, 1]"});
  as<Reuse>(layer.layers[0].operand);
  EXPECT_EQ(as<Delta>(layer.layers[1].operand).threshold_x, 0.1);
  EXPECT_EQ(as<Delta>(point(file, {"operand.type=delta", "operand.threshold_x=0.5",
                                   "operand.threshold_h=0.1"})
                          .layers[0]
                          .operand)
                .threshold_x,
            0.5);
}

TEST_F(PolicyTest, SetFillsAnAxisLeftEmptyInTheFile) {
  as<Delta>(point("operand:\n",
                  {"operand.type=delta", "operand.threshold_x=0.5", "operand.threshold_h=0.1"})
                .layers[0]
                .operand);
}

TEST_F(PolicyTest, LayerNamesWithDotsWorkInFilesAndQuotedInSet) {
  std::get<RecurrentLayer>(model_.layers[0]).name = "encoder.lstm.1";
  as<Delta>(
      point(
          "layers: {encoder.lstm.1: {operand: {type: delta, threshold_x: 0.1, threshold_h: 0.1}}}")
          .layers[0]
          .operand);
  const Settings quoted{"layers.\"encoder.lstm.1\".operand.type=delta",
                        "layers.\"encoder.lstm.1\".operand.threshold_x=0.1",
                        "layers.\"encoder.lstm.1\".operand.threshold_h=0.1"};
  as<Delta>(resolve(load_policy(std::nullopt, quoted), model_, nullptr).layers[0].operand);
  const Settings bare{"layers.encoder.lstm.1.operand.type=delta"};
  EXPECT_THROW(resolve(load_policy(std::nullopt, bare), model_, nullptr), Error);
}

TEST_F(PolicyTest, InfinityIsNoLimit) {
  const OperatingPoint all = point(
      "plan: {type: similarity_skip, threshold: 0.5, max_consecutive: .inf, fraction_bits: 2}");
  EXPECT_TRUE(std::isinf(as<SimilaritySkip>(all.layers[0].plan).max_consecutive));
  EXPECT_EQ(
      to_json(Policy{}, model_, all).at("layers").at("lstm1").at("plan").at("max_consecutive"),
      ".inf");
}

TEST_F(PolicyTest, AProfileCompletesWhatIsOpen) {
  const Profile measured = profile();
  const OperatingPoint all = point(
      "plan: {type: similarity_skip, threshold: 0.5}\noperand: {type: reuse}\n"
      "layers: {lstm2: {plan: {fraction_bits: 3}, operand: {range: [-2, 2]}}, output: {operand: "
      "{type: reuse}}}",
      {}, &measured);
  EXPECT_EQ(as<SimilaritySkip>(all.layers[0].plan).fraction_bits, 10);  // floor(log2(32767 / 20))
  EXPECT_EQ(as<SimilaritySkip>(all.layers[1].plan).fraction_bits, 3);
  EXPECT_EQ(as<Reuse>(all.layers[0].operand).range_min, -3);
  EXPECT_EQ(as<Reuse>(all.layers[0].operand).range_max, 20);
  EXPECT_EQ(as<Reuse>(all.layers[1].operand).range_min, -2);
  EXPECT_EQ(as<Reuse>(all.layers[2].operand).range_max, 20);
}

TEST_F(PolicyTest, ReadsSelectionsAndTheirWords) {
  const Profile measured = profile();
  const OperatingPoint all = point(
      "operand: {type: dynamic_precision, offset_bit: off, selector: random}\n"
      "layers: {lstm2: {operand: {type: memoized, threshold: 0.25, predictor: oracle}}}",
      {}, &measured);
  const auto precision = as<DynamicPrecision>(all.layers[0].operand);
  EXPECT_EQ(precision.offset_bit, Switch::kOff);
  EXPECT_EQ(precision.selector, PrecisionSelector::kRandom);
  EXPECT_EQ(precision.input_alpha, 20);  // the greater of |-3| and |20|
  EXPECT_EQ(as<Memoized>(all.layers[1].operand).predictor, MemoPredictor::kOracle);
  const nlohmann::json json = to_json(Policy{}, model_, all).at("layers");
  EXPECT_EQ(json.at("lstm1").at("operand").at("offset_bit"), "off");
  EXPECT_EQ(
      json.at("lstm2").at("operand"),
      nlohmann::json::parse(R"({"type": "memoized", "threshold": 0.25, "predictor": "oracle"})"));
}

TEST_F(PolicyTest, TheProfileOfAPolicyFileLiesBesideIt) {
  EXPECT_EQ(read("profile: here.json").profile, folder_.path() / "here.json");
  EXPECT_EQ(read("profile: /there.json").profile, "/there.json");
}

TEST_F(PolicyTest, AProfileSetLiesInTheWorkingFolder) {
  EXPECT_EQ(load_policy(std::nullopt, {"profile=here.json"}).profile, "here.json");
  EXPECT_EQ(read("profile: other.json", {"profile=here.json"}).profile, "here.json");
}

TEST_F(PolicyTest, DescribesWhatIsNotDenseAndOnWhichLayers) {
  const auto described = [&](const std::string& policy) { return describe(model_, point(policy)); };
  EXPECT_EQ(
      described("plan: {type: similarity_skip, fraction_bits: 2, max_consecutive: .inf, threshold: "
                "0.5}\n"
                "layers: {lstm2: {operand: {type: delta, threshold_x: 0, threshold_h: 0.1}}}"),
      "similarity_skip (threshold 0.5, max_consecutive .inf, shift 10) + delta (threshold_x 0, "
      "threshold_h 0.1) on lstm2");
  EXPECT_EQ(described("operand: {type: delta, threshold_x: 0, threshold_h: 1}"),
            "delta (threshold_x 0, threshold_h 1)");
  EXPECT_EQ(described("operand: {type: delta, threshold_x: 0, threshold_h: 1}\n"
                      "layers: {output: {operand: {type: delta, threshold_x: 0, threshold_h: 1}}}"),
            "delta (threshold_x 0, threshold_h 1) on lstm1, lstm2, output");
  EXPECT_EQ(described("layers: {lstm1: {arithmetic: {type: int8, input_bits: 3}}}"),
            "int8 on lstm1");
  EXPECT_EQ(described("arithmetic: {type: int8, input_bits: 3}"), "int8");
}

TEST_F(PolicyTest, DescribesABeamThatIsNotFixed) {
  const OperatingPoint dense = resolve(load_policy(std::nullopt, {}), model_, nullptr);
  const Beam fixed = FixedBeam{}, dynamic = DynamicBeam{};
  EXPECT_EQ(describe(model_, dense, &fixed), "dense");
  EXPECT_EQ(describe(model_, dense, &dynamic), "dynamic beam");
}

// No profile has a sigma of CTC, so that only a translation is told of profiles.
TEST_F(PolicyTest, SaysWhereTheSigmaOfADynamicBeamComesFrom) {
  const Profile without = profile();
  for (const Profile* profile : {static_cast<const Profile*>(nullptr), &without})
    EXPECT_NE(refusal([&] {
                resolve_beam(read("beam: {type: dynamic}"), profile);
              }).find("give them in the policy, or for a translation name a profile"),
              std::string::npos);
}

TEST_F(PolicyTest, ABaseNamesItsBeamWhateverIsWrongWithTheRest) {
  const auto beam = [](const Settings& settings) {
    return PolicyBase(std::nullopt, settings).beam();
  };
  EXPECT_FALSE(beam({"operand.type=delta"}));
  EXPECT_EQ(widest_of(*beam({"operand.type=delta", "beam.width=3"})), 3);
  EXPECT_EQ(widest_of(*beam({"beam.type=dynamic", "beam.max=8"})), 8);
  EXPECT_EQ(widest_of(*beam({"beam.width=0"})), 5);
}

// Numbers far outside a technique's range are written, compared and refused without undefined
// behaviour.
TEST_F(PolicyTest, HugeNumbersAreKept) {
  const OperatingPoint all = point(
      "plan: {type: similarity_skip, threshold: 0.5, max_consecutive: 1e20, fraction_bits: 2}");
  EXPECT_EQ(
      to_json(Policy{}, model_, all).at("layers").at("lstm1").at("plan").at("max_consecutive"),
      1e20);
}

// A parameter is open by default exactly when a profile has a figure for it.
template <class Choice>
void expect_origins() {
  for_each_technique<Choice>([](const auto& technique) {
    technique.fields(technique, [&](const char* key, auto value, const char*, Origin origin = {}) {
      const bool open = std::isnan(static_cast<double>(value));
      EXPECT_EQ(origin != Origin::kPolicy, open) << technique.kName << " " << key;
    });
  });
}

TEST(PolicyOrigin, EveryOpenParameterNamesItsFigureOfTheProfile) {
  expect_origins<Arithmetic>();
  expect_origins<Nonlinearity>();
  expect_origins<Plan>();
  expect_origins<OperandChoice>();
  expect_origins<Beam>();
}

TEST(NamedPoint, IsReadFromTheFolderOfItsSweep) {
  const TemporaryFolder folder;
  std::filesystem::create_directories(folder.path() / "sweep");
  std::filesystem::create_directories(folder.path() / "other");
  folder.file("sweep/policy.yaml", "operand: {type: delta, threshold_h: 0.5}\n");
  folder.file("sweep/points.jsonl", "{\"point\":1,\"settings\":{\"operand.threshold_x\":0.25}}\n");
  const std::string sweep = (folder.path() / "sweep").string(),
                    other = (folder.path() / "other").string();
  const auto said = [](const std::string& path) { return refusal([&] { load_policy(path, {}); }); };
  EXPECT_EQ(choice_to_json(load_policy(sweep + ":1", {}).operand).at("threshold_x"), 0.25);
  EXPECT_EQ(said(sweep + ":2"), sweep + "/points.jsonl: has no point 2; its points are 1 to 1");
  EXPECT_EQ(said(sweep),
            sweep + ": is the folder of a sweep; name one of its points, as in " + sweep + ":1");
  EXPECT_EQ(said(sweep + ":"), sweep +
                                   ": names no point of the sweep; put its number behind the "
                                   "colon, as in " +
                                   sweep + ":1");
  for (const char* dense : {":dense", ":dense 5"})
    EXPECT_EQ(said(sweep + dense), sweep + dense +
                                       ": is no point of the sweep but the dense "
                                       "network, which runs without --policy");
  for (const std::string& none : {other, sweep + "/nosuch"})
    for (const char* point : {":3", ":", ":dense"})
      EXPECT_EQ(said(none + point), none + point + ": " + none +
                                        " holds no sweep; a point of one "
                                        "is named by its folder, as in sweep:17");
  EXPECT_EQ(said(other + ":a.yaml"), other + ":a.yaml: no such file");
}

}  // namespace
}  // namespace edgeval::test
