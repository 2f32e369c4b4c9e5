// Descriptions of state dicts: Kaldi's defaults where a front end leaves keys out, all problems in
// one message, and templates that import as they stand.
#include <gtest/gtest.h>

#include "host/import/importer.hpp"
#include "host/import/state_dict/state_dict.hpp"
#include "host/model/file.hpp"
#include "tests/support/refused_import.hpp"

namespace edgeval::test {
namespace {

using Strings = std::vector<std::string>;

// Imports a Linear that takes `inputs` features, with this description.
Imported described(const std::string& json, std::int32_t inputs) {
  const TemporaryFolder folder;
  const TensorPiece weight{
      .key = "0", .count = 5 * inputs, .shape = {5, inputs}, .strides = {inputs, 1}};
  const std::string bytes = legacy_file(
      dict({{"fc.weight", tensor(weight)}}),
      {float_storage("0", std::vector<float>(static_cast<std::size_t>(5 * inputs), 1))});
  return import_file({bytes, kPt}, {"m", folder.file("d.json", json)});
}

std::string with_frontend(const std::string& frontend) {
  return R"({"task":"ctc","frontend":)" + frontend +
         R"(,"tokens":["<blank>","a","b","c","d"],"blank":0})";
}

// The usage of Kaldi's compute-fbank-feats: 23 bins from 20 Hz to half of 16 kHz, frames of 25 ms
// every 10 ms, preemphasis 0.97, povey.
TEST(ImportDescription, AFbankWithoutKeysIsKaldis) {
  const Imported all = described(with_frontend("{}"), 23);
  const char* const whole =
      R"({"type":"fbank","sample_rate":16000,"frame_ms":25,"shift_ms":10,"mel_bins":23,"low_hz":20,)"
      R"("high_hz":8000,"preemphasis":0.97,"window":"povey","dither":0,"cmvn":"none",)"
      R"("cmvn_epsilon":1e-05,"deltas":0,"delta_window":2})";
  EXPECT_EQ(all.model["frontend"].dump(), whole);
  EXPECT_EQ(all.filled_in.dump(), whole);
  EXPECT_EQ(read_model(to_safetensors(all, {}), "m").frontend.features(), 23);
  ASSERT_EQ(all.notes.size(), 1u);
  EXPECT_TRUE(all.notes[0].starts_with(
      "frontend: filled in with Kaldi's defaults: type \"fbank\", sample_rate 16000, frame_ms 25"));
}

// The usage of Kaldi's compute-mfcc-feats: 13 cepstra of 23 bins, lifter 22.
TEST(ImportDescription, AnMfccWithoutKeysIsKaldis) {
  const Imported all = described(with_frontend(R"({"type":"mfcc"})"), 13);
  EXPECT_EQ(
      all.model["frontend"].dump(),
      R"({"type":"mfcc","sample_rate":16000,"frame_ms":25,"shift_ms":10,"mel_bins":23,"low_hz":20,)"
      R"("high_hz":8000,"preemphasis":0.97,"window":"povey","dither":0,"cmvn":"none",)"
      R"("cmvn_epsilon":1e-05,"cepstra":13,"lifter":22,"splice":[0,0],"subsample":1})");
  EXPECT_FALSE(all.filled_in.contains("type"));
  EXPECT_EQ(read_model(to_safetensors(all, {}), "m").frontend.features(), 13);
}

TEST(ImportDescription, WhatIsGivenStaysAndTheHighestFrequencyFollowsTheRate) {
  const Imported all = described(
      with_frontend(R"({"sample_rate":8000,"cmvn":"utterance","mel_bins":40,"deltas":2})"), 120);
  EXPECT_EQ(all.model["frontend"]["high_hz"].dump(), "4000");
  EXPECT_EQ(all.model["frontend"]["cmvn"], "utterance");
  EXPECT_EQ(all.model["frontend"]["mel_bins"], 40);
  for (const char* key : {"sample_rate", "cmvn", "mel_bins", "deltas"})
    EXPECT_FALSE(all.filled_in.contains(key)) << key;
  EXPECT_EQ(all.filled_in["high_hz"], 4000);
  const Imported odd = described(with_frontend(R"({"sample_rate":11025})"), 23);
  EXPECT_EQ(odd.model["frontend"]["high_hz"].dump(), "5512.5");
}

TEST(ImportDescription, AFrontEndWithEveryKeyIsNotFilledIn) {
  const Imported all = imported_file("lstm.pt");
  EXPECT_TRUE(all.filled_in.empty());
  EXPECT_TRUE(all.notes.empty());
}

std::string problems(const std::string& json) {
  const std::string message = refusal([&] { described(json, 23); });
  const std::size_t name = message.find("d.json: ");
  EXPECT_NE(name, std::string::npos) << message;
  return name == std::string::npos ? message : message.substr(name);
}

TEST(ImportDescription, AllProblemsAreInOneMessage) {
  EXPECT_EQ(
      problems(R"({"taks":"ctc","blank":7,"tokens":["a","b","c","d","e"],"layers":[{"from":"fx"},
                         {"frm":"fc"},{"from":"fc","activation":{"type":"relu"}}],"ignore":["z"],
                         "frontend":{"mel_bins":0,"low_hz":9000,"mel_bin":3,"window":"hann"}})"),
      "d.json: 11 problems: (1) unknown key \"taks\"; did you mean task? (2) key \"task\" is "
      "missing (3) frontend: unknown key \"mel_bin\"; did you mean mel_bins? (4) frontend: "
      "mel_bins is 0, must lie in [1, 1000] (5) frontend: low_hz is 9000, must lie in [0, "
      "8000] (6) frontend: unknown window \"hann\"; known: povey (7) blank is 7, must "
      "lie in [0, 4] (8) layers[1]: key \"from\" is missing (9) layers[1]: unknown key "
      "\"frm\"; did you mean from? (10) ignore: no tensor's name starts with \"z\" (11) "
      "layers[0]: the state dict has no module \"fx\"; did you mean fc?");
  EXPECT_EQ(problems("{}"),
            "d.json: 3 problems: (1) key \"task\" is missing (2) key \"frontend\" is missing; {} "
            "stands for an fbank with Kaldi's defaults (3) keys \"tokens\", \"blank\" are missing");
}

TEST(ImportDescription, OneProblemStandsAlone) {
  EXPECT_EQ(problems(with_frontend(R"({"dither":1})")), "d.json: frontend: dither is 1, must be 0");
  EXPECT_EQ(problems(with_frontend("[]")), "d.json: frontend: is array, must be an object");
  EXPECT_EQ(problems(with_frontend(R"({"type":"mel"})")),
            "d.json: frontend: unknown type \"mel\"; known: fbank, mfcc");
  EXPECT_EQ(problems(with_frontend(R"({"sample_rate":"x"})")),
            "d.json: frontend: sample_rate is string, must be a whole number");
  EXPECT_EQ(problems(with_frontend(R"({"low_hz":300,"high_hz":200})")),
            "d.json: frontend: low_hz is 300, must be below high_hz, which is 200");
  EXPECT_EQ(problems(with_frontend(R"({"deltas":3,"cepstra":2})")).substr(0, 62),
            "d.json: 2 problems: (1) frontend: unknown key \"cepstra\"; known");
}

// Imports the network with its template as a description, unedited.
Imported from_template(const std::string& bytes, const std::string& type) {
  const TemporaryFolder folder;
  Strings notes;
  const std::string text = template_of_file({bytes, kPt}, type, notes);
  EXPECT_EQ(notes.size(), 2u);
  return import_file({bytes, kPt}, {"m", folder.file("d.json", text)});
}

TEST(ImportTemplate, OfANetworkImportsAndLoadsAsItStands) {
  for (const char* name : {"lstm.pt", "gru.pt", "whole.pt"}) {
    for (const char* type : {"fbank", "mfcc"}) {
      SCOPED_TRACE(concat(name, " ", type));
      const std::string bytes = read_file(import_data(name));
      const Imported all = from_template(bytes, type);
      const Model model = read_model(to_safetensors(all, {}), "m.safetensors");
      EXPECT_EQ(model.frontend.type, type);
      EXPECT_EQ(model.frontend.features(), 3);
      EXPECT_EQ(model.tokens, (Strings{"<blank>", " ", "'", "A", "B"}));
      EXPECT_TRUE(all.filled_in.empty());  // a template has every key
      EXPECT_EQ(all.tensors[0].values, imported(bytes).tensors[0].values);
    }
  }
}

TEST(ImportTemplate, TheFrontEndTakesTheWidthOfTheFirstModule) {
  const auto keys = [](std::int32_t inputs, const char* type) {
    const TensorPiece weight{
        .key = "0", .count = 2 * inputs, .shape = {2, inputs}, .strides = {inputs, 1}};
    const std::string bytes = legacy_file(
        dict({{"fc.weight", tensor(weight)}}),
        {float_storage("0", std::vector<float>(static_cast<std::size_t>(2 * inputs), 1))});
    const Imported all = from_template(bytes, type);
    EXPECT_EQ(read_model(to_safetensors(all, {}), "m").frontend.features(), inputs);
    return all.model["frontend"];
  };
  EXPECT_EQ(keys(80, "fbank")["mel_bins"], 80);
  EXPECT_EQ(keys(240, "fbank")["mel_bins"], 80);
  EXPECT_EQ(keys(240, "fbank")["deltas"], 2);
  EXPECT_EQ(keys(120, "fbank")["mel_bins"], 40);
  EXPECT_EQ(keys(120, "fbank")["deltas"], 2);
  EXPECT_EQ(keys(39, "fbank")["mel_bins"], 39);
  EXPECT_EQ(keys(161, "fbank")["mel_bins"], 161);
  EXPECT_EQ(keys(13, "mfcc")["cepstra"], 13);
  EXPECT_EQ(keys(494, "mfcc")["cepstra"], 26);
  EXPECT_EQ(keys(494, "mfcc")["splice"].dump(), "[9,9]");
}

// Such a template is valid but for the names of the modules, which are reported as missing.
TEST(ImportTemplate, WithoutANetworkOnlyTheNamesOfModulesAreWrong) {
  Strings notes;
  const std::string text = description_template("fbank", nullptr, notes);
  EXPECT_TRUE(notes.empty());
  OrderedJson json = OrderedJson::parse(text);
  EXPECT_EQ(json["tokens"].size(), 29u);
  EXPECT_EQ(problems(text), "d.json: layers[0]: the state dict has no module \"rnn\"; known: fc");
  json["layers"] = {{{"from", "fc"}}};
  json["tokens"] = {"<blank>", "a", "b", "c", "d"};
  EXPECT_NO_THROW(read_model(to_safetensors(described(json.dump(), 23), {}), "m"));
}

TEST(ImportTemplate, OfAnOpennmtCheckpointIsRefused) {
  Strings notes;
  EXPECT_EQ(refusal([&] {
              template_of_file({read_file(import_data("opennmt.pt")), kPt}, "fbank", notes);
            }),
            "--template: model.pt: an OpenNMT-py checkpoint describes itself");
}

}  // namespace
}  // namespace edgeval::test
