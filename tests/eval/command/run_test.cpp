// Runs the program on the set and the model that ship, and tests figures, files, sums, and what
// must not change them.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/datasets/layouts/data_folder.hpp"
#include "tests/support/command.hpp"
#include "tests/support/safetensors.hpp"
#include "tests/support/stored_run.hpp"

namespace edgeval::test {
namespace {

using Json = nlohmann::json;

StoredRun run_spoken(const std::vector<std::string>& more,
                     const std::string& model = spoken_model(),
                     const std::string& data = spoken_data()) {
  std::vector<std::string> arguments{"run", "--model", model, "--data", data};
  arguments.insert(arguments.end(), more.begin(), more.end());
  return stored_run(arguments);
}

// Each test is a process of its own, so most take a part of the set.
const StoredRun& whole_set() {
  static const StoredRun stored = run_spoken({});
  return stored;
}

const StoredRun& dense() {
  static const StoredRun stored = run_spoken({"--limit", "16"});
  return stored;
}

const StoredRun& skip_delta() {
  static const StoredRun stored =
      run_spoken({"--policy", spoken_data() + "/skip_delta.yaml", "--limit", "16"});
  return stored;
}

// Adds all numbers of `part` to those of `sum`, also in objects inside, and leaves out names and
// shapes.
void add(Json& sum, const Json& part) {
  for (const auto& [key, value] : part.items()) {
    if (value.is_object() && key != "shape")
      add(sum.emplace(key, Json::object()).first.value(), value);
    if (value.is_number()) sum[key] = sum.value(key, std::uint64_t{0}) + value.get<std::uint64_t>();
  }
}

std::uint64_t sum_of(const Json& object) {
  std::uint64_t sum = 0;
  for (const Json& value : object) sum += value.get<std::uint64_t>();
  return sum;
}

TEST(Run, TheShippedModelMakes79ErrorsIn622Words) {
  const Json& wer = whole_set().report.at("quality").at("wer");
  EXPECT_EQ(wer.at("errors"), 79);
  EXPECT_EQ(wer.at("words"), 622);
  EXPECT_DOUBLE_EQ(wer.at("value"), 100.0 * 79 / 622);
  EXPECT_EQ(wer.at("substitutions").get<int>() + wer.at("deletions").get<int>() +
                wer.at("insertions").get<int>(),
            79);
  EXPECT_LT(wer.at("ci95").at(0), wer.at("value"));
  EXPECT_GT(wer.at("ci95").at(1), wer.at("value"));
}

TEST(Run, TheReportHasTheKeysOfItsSchema) {
  const Json& report = skip_delta().report;
  const std::vector<std::string> keys{"/edgeval/version",
                                      "/edgeval/build",
                                      "/edgeval/device",
                                      "/model/path",
                                      "/model/sha256",
                                      "/model/name",
                                      "/data/path",
                                      "/data/sha256",
                                      "/data/utterances",
                                      "/data/frames",
                                      "/data/seconds",
                                      "/policy/arithmetic",
                                      "/policy/weights",
                                      "/policy/nonlinearity",
                                      "/policy/plan/threshold",
                                      "/policy/operand/threshold_h",
                                      "/policy/layers/lstm2/plan/fraction_bits",
                                      "/quality/wer/value",
                                      "/quality/wer/ci95/1",
                                      "/quality/cer/value",
                                      "/quality/ser/value",
                                      "/activity/layers/0/name",
                                      "/activity/layers/0/direction",
                                      "/activity/totals/macs/fp32",
                                      "/activity/totals/weight_words/32",
                                      "/energy/0/accelerator",
                                      "/energy/0/joules",
                                      "/energy/0/joules_dense",
                                      "/energy/0/ratio",
                                      "/energy/0/by_component",
                                      "/energy/0/seconds",
                                      "/energy/0/realtime_speed",
                                      "/energy/0/rtf",
                                      "/energy_left_out",
                                      "/warnings",
                                      "/timing/seconds",
                                      "/timing/utterances_per_second",
                                      "/timing/realtime_speed",
                                      "/timing/rtf",
                                      "/dense/quality/wer/errors"};
  EXPECT_EQ(report.at("schema"), 2);
  for (const std::string& key : keys) EXPECT_TRUE(report.contains(Json::json_pointer(key))) << key;
  for (const std::string key :
       {"steps", "steps_skipped", "steps_pseudo", "inputs", "inputs_changed", "inputs_zero",
        "recurrent_inputs", "recurrent_inputs_changed", "macs_dense", "macs", "weight_words"}) {
    EXPECT_TRUE(report.at("activity").at("totals").contains(key)) << key;
    for (const Json& layer : report.at("activity").at("layers"))
      EXPECT_TRUE(layer.contains(key)) << key;
  }
  for (const Json& utterance : skip_delta().utterances)
    for (const std::string key :
         {"id", "reference", "hypothesis", "errors", "substitutions", "deletions", "insertions",
          "alignment", "frames", "activity", "joules"})
      EXPECT_TRUE(utterance.contains(key)) << key;
  EXPECT_TRUE(report.at("activity").at("totals").at("weight_words").is_object());
  EXPECT_EQ(report.at("activity").at("layers").at(6).at("direction"), "none");
}

TEST(Run, TotalsAreTheSumsOverLayersAndOverUtterances) {
  for (const StoredRun* stored : {&dense(), &skip_delta()}) {
    Json layers = Json::object(), utterances = Json::object();
    for (const Json& layer : stored->report.at("activity").at("layers")) add(layers, layer);
    for (const Json& utterance : stored->utterances) add(utterances, utterance.at("activity"));
    EXPECT_EQ(layers, stored->report.at("activity").at("totals"));
    EXPECT_EQ(utterances, stored->report.at("activity").at("totals"));
  }
}

// The dense counts by hand are those of three BiLSTMs of 128 cells on 120, 256 and 256 inputs, and
// of a linear layer from 256 to 29.
TEST(Run, DenseCountsAreTheClosedForms) {
  const Json& report = dense().report;
  const std::uint64_t frames = report.at("data").at("frames");
  const std::uint64_t cell = 2 * 4 * 128 * ((120 + 128) + 2 * (256 + 128));
  const Json& totals = report.at("activity").at("totals");
  EXPECT_EQ(totals.at("macs_dense"), frames * (cell + 256 * 29));
  EXPECT_EQ(totals.at("steps"), frames * 7);
  EXPECT_EQ(totals.at("recurrent_inputs"), frames * 6 * 128);
  EXPECT_EQ(totals.at("inputs"), frames * (2 * (120 + 256 + 256) + 256));
  EXPECT_EQ(sum_of(totals.at("macs")), totals.at("macs_dense"));
  for (const Json& energy : report.at("energy")) EXPECT_EQ(energy.at("ratio"), 1);
}

TEST(Run, WhatIsAvoidedIsLessThanDenseAndTheSameDenseWorkIsReported) {
  const Json& totals = skip_delta().report.at("activity").at("totals");
  EXPECT_EQ(totals.at("macs_dense"), dense().report.at("activity").at("totals").at("macs_dense"));
  EXPECT_LT(sum_of(totals.at("macs")), totals.at("macs_dense").get<std::uint64_t>());
  EXPECT_EQ(sum_of(totals.at("weight_words")), sum_of(totals.at("macs")));
  EXPECT_EQ(totals.at("steps").get<std::uint64_t>(),
            totals.at("steps_run").get<std::uint64_t>() +
                totals.at("steps_skipped").get<std::uint64_t>());
  // Each changed element of x or h costs a column of 4 x 128 weights; in the linear layer, of 29.
  std::uint64_t macs = 0;
  for (const Json& layer : skip_delta().report.at("activity").at("layers"))
    macs += (layer.at("inputs_changed").get<std::uint64_t>() +
             layer.at("recurrent_inputs_changed").get<std::uint64_t>()) *
            layer.at("shape").at("gates").get<std::uint64_t>() *
            layer.at("shape").at("outputs").get<std::uint64_t>();
  EXPECT_EQ(sum_of(totals.at("macs")), macs);
  std::size_t priced = 0;  // chips that take both runs
  for (const Json& energy : skip_delta().report.at("energy")) {
    EXPECT_LT(energy.at("ratio"), 1);
    for (const Json& of_dense : dense().report.at("energy")) {
      if (of_dense.at("accelerator") != energy.at("accelerator")) continue;
      EXPECT_EQ(energy.at("joules_dense"), of_dense.at("joules"));
      ++priced;
    }
  }
  EXPECT_EQ(priced, 3U);  // cpu1, epur28, reuse32
}

TEST(Run, JoulesOfUtterancesAndComponentsAddUpToTheTotal) {
  for (const Json& energy : skip_delta().report.at("energy")) {
    const double total = energy.at("joules");
    double utterances = 0, components = 0;
    for (const Json& utterance : skip_delta().utterances)
      utterances +=
          utterance.at("joules").at(energy.at("accelerator").get<std::string>()).get<double>();
    for (const Json& component : energy.at("by_component")) components += component.get<double>();
    EXPECT_NEAR(utterances / total, 1, 1e-9);
    EXPECT_NEAR(components / total, 1, 1e-9);
    EXPECT_NEAR(
        energy.at("joules_dynamic").get<double>() + energy.at("joules_static").get<double>(), total,
        1e-9 * total);
  }
}

TEST(Run, ErrorsOfUtterancesAddUpToTheQuality) {
  std::uint64_t errors = 0, words = 0;
  for (const Json& utterance : whole_set().utterances) {
    errors += utterance.at("errors").get<std::uint64_t>();
    words += utterance.at("words").get<std::uint64_t>();
  }
  EXPECT_EQ(errors, 79u);
  EXPECT_EQ(words, 622u);
  EXPECT_EQ(whole_set().utterances.size(), 120u);
  EXPECT_EQ(whole_set().utterances.front().at("id"), "test0000");
  EXPECT_EQ(whole_set().utterances.back().at("id"), "test0119");
}

TEST(Run, ThePolicysErrorsStandBesideTheDenseOnes) {
  const Json& report = skip_delta().report;
  EXPECT_EQ(report.at("dense").at("quality"), dense().report.at("quality"));
  EXPECT_NE(report.at("dense").at("quality"), report.at("quality"));
  EXPECT_FALSE(dense().report.contains("dense"));
  const double moved = report.at("quality").at("wer").at("value").get<double>() -
                       report.at("dense").at("quality").at("wer").at("value").get<double>();
  char text[64];
  std::snprintf(text, sizeof text, "(%+.2f against dense)", moved);
  EXPECT_NE(skip_delta().command.out.find(text), std::string::npos) << skip_delta().command.out;
  for (const char* part : {"WER   ", "similarity_skip (threshold 0.75", "MACs executed ",
                           "reuse32 ", "wrote out/report.json"})
    EXPECT_NE(skip_delta().command.out.find(part), std::string::npos) << part << "\n"
                                                                      << skip_delta().command.out;
  const StoredRun alone =
      run_spoken({"--policy", spoken_data() + "/skip.yaml", "--limit", "3", "--no-reference"});
  EXPECT_FALSE(alone.report.contains("dense"));
  EXPECT_EQ(alone.command.out.find("against dense"), std::string::npos);
}

TEST(Run, TwoRunsGiveTheSameBytesApartFromTiming) {
  const StoredRun first =
      run_spoken({"--policy", spoken_data() + "/skip_delta.yaml", "--limit", "10", "--quiet"});
  const StoredRun second =
      run_spoken({"--policy", spoken_data() + "/skip_delta.yaml", "--limit", "10", "--quiet"});
  EXPECT_EQ(first.utterances_bytes, second.utterances_bytes);
  const auto before_timing = [](const std::string& bytes) {
    return bytes.substr(0, bytes.find("\"timing\""));
  };
  EXPECT_EQ(before_timing(first.report_bytes), before_timing(second.report_bytes));
  EXPECT_EQ(first.command.err, "");
}

TEST(Run, BatchAndThreadsChangeNothing) {
  for (const std::string policy : {"skip_delta.yaml", "reuse.yaml"}) {
    const std::vector<std::string> common{"--policy", spoken_data() + "/" + policy, "--limit", "8"};
    const auto with = [&](std::vector<std::string> more) {
      more.insert(more.end(), common.begin(), common.end());
      return run_spoken(more);
    };
    const StoredRun standard = with({});
    for (const std::vector<std::string>& more :
         std::vector<std::vector<std::string>>{{"--batch", "1"},
                                               {"--batch", "7"},
                                               {"--threads", "1"},
                                               {"--threads", "2", "--batch", "3"}}) {
      const StoredRun other = with(more);
      EXPECT_EQ(other.utterances_bytes, standard.utterances_bytes)
          << policy << " " << more[0] << " " << more[1];
      EXPECT_EQ(comparable(other.report), comparable(standard.report))
          << policy << " " << more[0] << " " << more[1];
    }
  }
}

TEST(Run, AThresholdOfOneReproducesDense) {
  const StoredRun never =
      run_spoken({"--set", "plan.type=similarity_skip", "plan.threshold=1", "plan.fraction_bits=12",
                  "--limit", "8", "--hardware", "reuse32"});
  const StoredRun plain = run_spoken({"--limit", "8", "--hardware", "reuse32"});
  for (std::size_t n = 0; n < plain.utterances.size(); ++n)
    EXPECT_EQ(never.utterances[n].at("hypothesis"), plain.utterances[n].at("hypothesis"));
  EXPECT_EQ(never.report.at("activity").at("totals").at("macs"),
            plain.report.at("activity").at("totals").at("macs"));
  EXPECT_EQ(never.report.at("energy").size(), 1u);
}

TEST(Run, PrintsTheReportAsJson) {
  const StoredRun stored = run_spoken({"--limit", "2", "--format", "json"});
  EXPECT_EQ(stored.command.out, stored.report_bytes);
}

TEST(Run, UtterancesWithoutAFrameOrAWordAreCountedInTheSummary) {
  const DataFolder folder;
  folder.file("model.safetensors",
              model_bytes(random_model({.inputs = 3, .lstm = {{.cells = 2}}, .outputs = 5}, 1)));
  folder.audio("short.wav", {.samples = 100});
  folder.audio("long.wav", {.samples = 1600});
  folder.file("set.jsonl", R"({"id": "a", "audio_filepath": "short.wav", "text": "A"})"
                           "\n"
                           R"({"id": "b", "audio_filepath": "long.wav", "text": ""})");
  std::vector<std::string> arguments{"run", "--model", "model.safetensors", "--data", "set.jsonl"};
  const CommandResult both = edgeval(arguments, folder.path());
  EXPECT_NE(both.out.find("\n1 utterance shorter than a frame, 1 empty reference\n"),
            std::string::npos)
      << both.out << both.err;
  EXPECT_EQ(dense().command.out.find("shorter than a frame"), std::string::npos);
}

TEST(Run, NamedUtterancesAreRunInTheOrderOfTheSet) {
  const StoredRun stored = run_spoken({"--utterance", "test0007", "--utterance", "test0003"});
  ASSERT_EQ(stored.utterances.size(), 2u);
  EXPECT_EQ(stored.utterances[0].at("id"), "test0003");
  EXPECT_EQ(stored.utterances[1].at("id"), "test0007");
}

TEST(Run, An4) {
  EDGEVAL_NEEDS_SHARED("models/an4-blstm3x128.safetensors");
  EDGEVAL_NEEDS_SHARED("data/an4");
  const std::string data = (shared_folder() / "data/an4").string();
  const auto wer = [&](const std::string& model) {
    return run_spoken({"--split", "test"}, model, data).report.at("quality").at("wer");
  };
  const Json own = wer((shared_folder() / "models/an4-blstm3x128.safetensors").string());
  EXPECT_EQ(own.at("words"), 773);
  EXPECT_EQ(own.at("errors"), 98);
  EXPECT_EQ(wer(spoken_model()).at("errors"), 102);
}

}  // namespace
}  // namespace edgeval::test
