// Commands that read speech write the same files with an empty folder of features, with a full one
// and without one.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/support/refused_command.hpp"

namespace edgeval::test {
namespace {

namespace fs = std::filesystem;

class FeatureCacheCommand : public ::testing::Test {
 protected:
  // Runs a script in the folder of the inputs, and expects it to work.
  void expect_works(const std::string& script) const {
    const CommandResult result = run_shell(script, inputs_.path());
    EXPECT_EQ(result.code, 0) << script << result.err;
  }

  // The files of the run, without the times and the words of the command.
  std::vector<std::string> outputs(const std::string& folder) const {
    Json report = Json::parse(read_file(inputs_ / folder / "report.json"));
    for (const char* key : {"timing", "invocation"}) EXPECT_EQ(report.erase(key), 1u);
    return {report.dump(), read_file(inputs_ / folder / "utterances.jsonl")};
  }

  // Runs the set with these options, and returns the files that the run wrote.
  std::vector<std::string> run(const std::string& options) const {
    const CommandResult result = run_shell(kRun + options, inputs_.path());
    EXPECT_EQ(result.code, 0) << result.err;
    return outputs("out");
  }

  std::size_t kept(const std::string& folder) const {
    std::size_t files = 0;
    if (!fs::exists(inputs_ / folder)) return 0;
    for (const auto& entry : fs::recursive_directory_iterator(inputs_ / folder))
      files += entry.is_regular_file() ? 1 : 0;
    return files;
  }

  const std::string kRun =
      "edgeval run --model model.safetensors --data set.jsonl --device cpu --quiet ";
  Inputs inputs_;
};

TEST_F(FeatureCacheCommand, ColdWarmAndWithoutWriteTheSameFiles) {
  const std::vector<std::string> without = run("--no-cache");
  EXPECT_EQ(run("--cache 'made of/features'"), without);
  EXPECT_EQ(kept("made of/features"), 2u);
  EXPECT_EQ(run("--cache 'made of/features'"), without);
  EXPECT_EQ(run("--cache 'made of/features' --batch 1"), without);
  EXPECT_EQ(kept("made of/features"), 2u);
}

TEST_F(FeatureCacheCommand, TheFolderIsThatOfTheUserUnlessNoneIsAskedFor) {
  const std::string own = "export XDG_CACHE_HOME=\"$PWD/own\"; ";
  expect_works(own + kRun + "--no-cache");
  EXPECT_FALSE(fs::exists(inputs_ / "own"));
  expect_works(own + kRun + "--cache named");
  EXPECT_FALSE(fs::exists(inputs_ / "own"));
  expect_works(own + kRun);
  EXPECT_EQ(kept("own/edgeval/features"), 2u);
  expect_works("export HOME=\"$PWD/home\"; " + kRun);
  EXPECT_EQ(kept("home/.cache/edgeval/features"), 2u);
  const std::string folder = (inputs_ / "own/edgeval/features").string();
  EXPECT_EQ(Json::parse(run_shell(own + "edgeval info --format json", inputs_.path()).out)
                .at("feature_cache"),
            folder);
  EXPECT_NE(run_shell(own + "edgeval info", inputs_.path()).out.find(folder), std::string::npos);
  EXPECT_NE(edgeval({"info"}).out.find("\nfeatures are kept in: nowhere"), std::string::npos);
}

// The features of all three commands are the same ones.
TEST_F(FeatureCacheCommand, ProfileAndSimilarityReadWhatARunHasKept) {
  const std::string common = "--model model.safetensors --data set.jsonl --device cpu ";
  for (const std::string& command :
       {"edgeval profile " + common, "edgeval similarity --profile profile.json " + common}) {
    const CommandResult without =
        run_shell(command + "--quiet --no-cache --out a.json", inputs_.path());
    ASSERT_EQ(without.code, 0) << without.err;
    run("--cache kept");
    for (int i = 0; i < 2; ++i) {
      EXPECT_EQ(run_shell(command + "--quiet --cache kept --out b.json", inputs_.path()).code, 0);
      EXPECT_EQ(read_file(inputs_ / "a.json"), read_file(inputs_ / "b.json")) << command;
      EXPECT_EQ(kept("kept"), 2u) << command;
    }
  }
}

TEST_F(FeatureCacheCommand, AChangedAudioFileGivesItsOwnFigures) {
  const std::vector<std::string> before = run("--cache kept");
  inputs_.audio("a.wav", {.samples = 2400});
  const std::vector<std::string> after = run("--cache kept");
  EXPECT_NE(after, before);
  EXPECT_EQ(after, run("--no-cache"));
  EXPECT_EQ(kept("kept"), 3u);
}

TEST_F(FeatureCacheCommand, AFolderThatCannotBeMadeIsNotedAndChangesNothing) {
  const std::vector<std::string> without = run("--no-cache");
  inputs_.file("taken", "");
  for (const std::string& command :
       {std::string("edgeval run --out out "), std::string("edgeval profile --out p.json "),
        std::string("edgeval similarity --profile profile.json --out s.json ")}) {
    const CommandResult result = run_shell(
        command + "--model model.safetensors --data set.jsonl --device cpu --cache taken/features",
        inputs_.path());
    EXPECT_EQ(result.code, 0) << result.err;
    const std::string note = "edgeval: note: features are not kept for later runs: taken/features";
    const std::size_t first = result.err.find(note);
    EXPECT_NE(first, std::string::npos) << command << result.err;
    EXPECT_EQ(result.err.find(note, first + 1), std::string::npos) << command << result.err;
  }
  EXPECT_EQ(outputs("out"), without);
}

TEST_F(FeatureCacheCommand, NamesThatCannotBeAFolderAreRefused) {
  inputs_.file("taken", "");
  const auto refused = [&](const std::string& options) {
    return run_shell(kRun + options, inputs_.path());
  };
  EXPECT_TRUE(is_refusal(refused("--cache taken"), "--cache: taken: is a file"));
  EXPECT_TRUE(is_refusal(refused("--cache ''"), "--cache is empty"));
  EXPECT_TRUE(is_refusal(refused("--cache kept --no-cache"), "--cache excludes --no-cache"));
  run("--cache kept");
  EXPECT_TRUE(is_refusal(refused("--cache kept --out kept"), "--out kept"));
  EXPECT_EQ(kept("kept"), 2u);
}

}  // namespace
}  // namespace edgeval::test
