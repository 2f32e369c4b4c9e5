// datasets/train/train_ctc.py and edgeval agree on the features of an utterance and on the output
// of a trained network. The tests need a Python with torch, numpy and soundfile, the one named by
// EDGEVAL_PYTHON or python3.
#include <gtest/gtest.h>

#include <cstdlib>
#include <cstring>
#include <nlohmann/json.hpp>
#include <string>

#include "datasets/audio/audio.hpp"
#include "datasets/audio/features.hpp"
#include "host/core/error.hpp"
#include "host/core/files/file.hpp"
#include "tests/support/paths.hpp"
#include "tests/support/python.hpp"
#include "tests/support/temporary_folder.hpp"

namespace edgeval::test {
namespace {

const std::filesystem::path kSpoken = source_folder() / "datasets/spoken";

std::string script(const std::string& name) {
  return concat("'", (source_folder() / "datasets" / name).string(), "'");
}

class TrainCtc : public ::testing::Test {
 protected:
  std::string path(const std::string& name) const {
    return concat("'", (folder_.path() / name).string(), "'");
  }
  std::string bytes(const std::string& name) const { return read_file(folder_.path() / name); }

  // Compares the features of a shipped utterance in Python and in edgeval.
  void expect_same_features(const FrontendConfig& config, const std::string& frontend,
                            const data::AudioPart& part = {}) const {
    const std::filesystem::path audio = kSpoken / "test/test0047.flac";
    ASSERT_TRUE(python(concat(script("ctc/features.py"), " '", frontend, "' '", audio.string(),
                              "' ", path("features"),
                              part.offset ? concat(" ", *part.offset, " ", *part.duration) : "")));
    const data::FeatureExtractor extract(config);
    const Matrix<float> ours = extract(data::read_audio(audio, config.sample_rate, part));
    const std::string theirs = bytes("features");
    ASSERT_EQ(theirs.size(), sizeof(float) * ours.size());
    for (Index i = 0; i < ours.size(); ++i) {
      float value;
      std::memcpy(&value, theirs.data() + sizeof value * i, sizeof value);
      ASSERT_NEAR(ours.data()[i], value, 1e-5)
          << "row " << i / ours.cols() << ", column " << i % ours.cols();
    }
  }

  // Writes a manifest of the first `count` utterances that ship.
  void write_manifest(const std::string& name, int count) const {
    const std::string all = read_file(kSpoken / "test.jsonl");
    std::string lines;
    std::size_t at = 0;
    for (int n = 0; n < count; ++n) {
      const std::size_t end = all.find('\n', at);
      auto line = nlohmann::json::parse(all.substr(at, end - at));
      line["audio_filepath"] = (kSpoken / line.at("audio_filepath").get<std::string>()).string();
      lines += line.dump() + "\n";
      at = end + 1;
    }
    folder_.file(name, lines);
  }

  bool train(const std::string& out, int epochs, const std::string& network) const {
    return python(concat(script("train_ctc.py"), " train --train ", path("all.jsonl"), " --dev ",
                         path("all.jsonl"), " --noise 10 --masks 1 --stretch 0.1 --batch 4",
                         " --cells 8 --layers 1 --network ", network, " --epochs ", epochs,
                         " --out ", path(out), " >/dev/null"));
  }

  TemporaryFolder folder_;
};

TEST_F(TrainCtc, ComputesTheSameFbank) {
  EDGEVAL_NEEDS_PYTHON_MODULES("numpy, soundfile");
  const std::string frontend = R"({"type": "fbank", "sample_rate": 16000, "frame_ms": 25,
      "shift_ms": 10, "mel_bins": 40, "low_hz": 20, "high_hz": 8000, "preemphasis": 0.97,
      "cmvn": "utterance", "cmvn_epsilon": 1e-5, "deltas": 2, "delta_window": 2})";
  expect_same_features({}, frontend);
  expect_same_features({}, frontend, {.offset = 0.251, .duration = 0.403});
}

TEST_F(TrainCtc, ComputesTheSameMfcc) {
  EDGEVAL_NEEDS_PYTHON_MODULES("numpy, soundfile");
  FrontendConfig config;
  config.type = "mfcc";
  config.subsample = 3;
  expect_same_features(config, R"({"type": "mfcc", "sample_rate": 16000, "frame_ms": 25,
      "shift_ms": 10, "mel_bins": 40, "low_hz": 20, "high_hz": 8000, "preemphasis": 0.97,
      "cmvn": "utterance", "cmvn_epsilon": 1e-5, "cepstra": 26, "lifter": 22, "splice": [9, 9],
      "subsample": 3})");
}

TEST_F(TrainCtc, WritesModelsThatSayTheSameHere) {
  EDGEVAL_NEEDS_PYTHON_MODULES("torch, numpy, soundfile");
  write_manifest("all.jsonl", 8);
  for (const std::string network : {"blstm", "deepspeech"}) {
    const std::string model = network + ".safetensors";
    ASSERT_TRUE(train(model, 1, network));
    EXPECT_TRUE(python(concat(script("train_ctc.py"), " check --model ", path(model), " --data ",
                              path("all.jsonl"), " --edgeval '", EDGEVAL_BINARY, "'")));
  }
}

TEST_F(TrainCtc, HearsWithTheShippedModelWhatWeHear) {
  EDGEVAL_NEEDS_PYTHON_MODULES("torch, numpy, soundfile");
  EXPECT_TRUE(
      python(concat(script("train_ctc.py"), " check --limit 20 --model '",
                    (kSpoken / "speech-blstm3x128.safetensors").string(), "' --data '",
                    (kSpoken / "test.jsonl").string(), "' --edgeval '", EDGEVAL_BINARY, "'")));
}

TEST_F(TrainCtc, AStoppedRunThatGoesOnEndsAsOneThatDidNot) {
  EDGEVAL_NEEDS_PYTHON_MODULES("torch, numpy, soundfile");
  write_manifest("all.jsonl", 8);
  std::filesystem::create_directory(folder_.path() / "stopped");
  ASSERT_TRUE(train("model.safetensors", 3, "blstm"));
  ASSERT_TRUE(train("stopped/model.safetensors", 1, "blstm"));
  ASSERT_TRUE(train("stopped/model.safetensors", 3, "blstm"));
  EXPECT_TRUE(bytes("model.safetensors") == bytes("stopped/model.safetensors"));
}

}  // namespace
}  // namespace edgeval::test
