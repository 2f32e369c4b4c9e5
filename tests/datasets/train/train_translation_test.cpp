// Tests datasets/train/train_translation.py. What it writes means what docs/formats.md says, as a
// literal form of the network and of the beam search shows; and a run that was stopped and goes on
// ends as an uninterrupted one. The tests need a Python with torch and numpy, the one named by
// EDGEVAL_PYTHON or python3.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "tests/support/command.hpp"
#include "tests/support/temporary_folder.hpp"

namespace edgeval::test {
namespace {

const std::filesystem::path kShipped =
    source_folder() / "datasets/captions/multi30k-en-de.safetensors";

class TrainTranslation : public ::testing::Test {
 protected:
  // Writes sentences of a toy language whose words are translated one by one, the last word first.
  void SetUp() override {
    if (python("-c 'import torch, numpy'").code != 0)
      GTEST_SKIP() << "no Python with torch and numpy; set EDGEVAL_PYTHON";
    const std::string english[] = {"a dog", "the cat", "one bird", "a man", "the child"};
    const std::string german[] = {"Hund.", "Katze.", "Vögel.", "Männer.", "Kind."};
    std::string sources, targets;
    for (int i = 0; i < 5; ++i) {
      for (int k = 0; k < 5; ++k) {
        sources += english[i] + (k % 2 == 0 ? ", " : " and ") + english[k] + "\n";
        targets += german[k] + (k % 2 == 0 ? " " : " und ") + german[i] + "\n";
      }
    }
    folder_.file("source", sources);
    folder_.file("target", targets);
    folder_.file("text", "The cat, a man\n\n one bird and  a zebra\u00a0\nthe\n");
  }

  static CommandResult python(const std::string& arguments) {
    const char* named = std::getenv("EDGEVAL_PYTHON");
    return run_shell(std::string(named != nullptr ? named : "python3") + " -B " + arguments);
  }

  std::string path(const std::string& name) const {
    return quoted((folder_.path() / name).string());
  }
  std::string bytes(const std::string& name) const { return read_file(folder_.path() / name); }

  CommandResult train(const std::string& out, int epochs, const std::string& options) const {
    const std::string pair = path("source") + " " + path("target");
    return python("datasets/train/train_translation.py train --train " + pair + " --dev " + pair +
                  " --lowercase source --merges 20 --embedding 12 --cells 16 --batch 60 --epochs " +
                  std::to_string(epochs) + " --rate 0.02 --average 0.9 --out " + path(out) + " " +
                  options);
  }

  void expect_meant_literally(const std::string& options) const {
    const CommandResult trained = train("model", 6, options);
    ASSERT_EQ(trained.code, 0) << trained.err;
    for (const std::string width : {"1", "2", "5", "10"}) {
      const CommandResult ours =
          python("datasets/train/train_translation.py translate --longest 12 --batch 3 --beam " +
                 width + " --model " + path("model") + " --source " + path("text"));
      const CommandResult literal = python("tests/literal/literal_translation.py " + path("model") +
                                           " " + width + " 12 < " + path("text"));
      ASSERT_EQ(ours.code, 0) << ours.err;
      ASSERT_EQ(literal.code, 0) << literal.err;
      EXPECT_EQ(ours.out, literal.out) << options << ", width " << width;
    }
  }

  TemporaryFolder folder_;
};

TEST_F(TrainTranslation, WritesWhatTheEquationsOfTheFileMean) {
  expect_meant_literally("");
  std::filesystem::remove(folder_.path() / "model.checkpoint");
  expect_meant_literally("--attention dot --encoder-layers 3 --decoder-layers 2");
  std::filesystem::remove(folder_.path() / "model.checkpoint");
  expect_meant_literally("--attention mlp --input-feeding --encoder-layers 2 --split space");
}

TEST_F(TrainTranslation, AStoppedRunThatGoesOnEndsAsOneThatDidNot) {
  std::filesystem::create_directory(folder_.path() / "stopped");
  ASSERT_EQ(train("model", 3, "").code, 0);
  ASSERT_EQ(train("stopped/model", 1, "").code, 0);
  const CommandResult rest = train("stopped/model", 3, "");
  EXPECT_NE(rest.out.find("going on after epoch 1"), std::string::npos) << rest.out;
  EXPECT_TRUE(bytes("model") == bytes("stopped/model"));
}

TEST_F(TrainTranslation, RefusesACheckpointOfOtherOptionsAndFilesThatDoNotMatch) {
  ASSERT_EQ(train("model", 1, "").code, 0);
  const CommandResult other = train("model", 2, "--dropout 0.4");
  EXPECT_EQ(other.code, 1);
  EXPECT_NE(other.err.find("was made with other options"), std::string::npos) << other.err;
  folder_.file("target", "Hund.\n");
  const CommandResult uneven = train("other", 1, "");
  EXPECT_EQ(uneven.code, 1);
  EXPECT_NE(uneven.err.find("has 25 lines"), std::string::npos) << uneven.err;
}

// The test translates only three captions, since the literal form is slow.
TEST_F(TrainTranslation, TranslatesWithTheShippedModelAsItsEquationsSay) {
  const std::string model = quoted(kShipped.string());
  ASSERT_EQ(run_shell("head -3 datasets/captions/captions.en > " + path("captions")).code, 0);
  for (const std::string width : {"1", "3"}) {
    const CommandResult ours =
        python("datasets/train/train_translation.py translate --beam " + width + " --model " +
               model + " --source " + path("captions"));
    const CommandResult literal = python("tests/literal/literal_translation.py " + model + " " +
                                         width + " 100 < " + path("captions"));
    ASSERT_EQ(ours.code, 0) << ours.err;
    ASSERT_EQ(literal.code, 0) << literal.err;
    EXPECT_EQ(ours.out, literal.out) << "width " << width;
  }
}

TEST(ShippedTranslationModel, TakesAtMostEightMebibytes) {
  EXPECT_LE(std::filesystem::file_size(kShipped), 8u << 20);
}

TEST(ShippedCaptions, AreAtLeastSixtyPairs) {
  const std::string english = read_file(kShipped.parent_path() / "captions.en");
  const std::string german = read_file(kShipped.parent_path() / "captions.de");
  EXPECT_GE(std::count(english.begin(), english.end(), '\n'), 60);
  EXPECT_EQ(std::count(english.begin(), english.end(), '\n'),
            std::count(german.begin(), german.end(), '\n'));
}

}  // namespace
}  // namespace edgeval::test
