// No command replaces an input or a file that edgeval did not write, whichever option names it.
#include <filesystem>

#include "host/core/files/file.hpp"
#include "tests/support/paths.hpp"
#include "tests/support/refused_command.hpp"

namespace edgeval::test {
namespace {

namespace fs = std::filesystem;

using Arguments = std::vector<std::string>;

// A command that writes, with all inputs that it may have. Each input is a separate copy.
struct Writer {
  Arguments arguments;
  std::string out;                  // a name that works
  std::vector<std::string> inputs;  // files that --out must not be
};

class PathOptions : public Refused {
 protected:
  static void SetUpTestSuite() {
    Refused::SetUpTestSuite();
    inputs().file("hw.yaml", read_file(source_folder() / "hwmodel/accelerators/cpu1.yaml"));
    inputs().file("lstm.pt", read_file(source_folder() / "tests/data/import/lstm.pt"));
    inputs().file("describe.json", read_file(source_folder() / "tests/data/import/describe.json"));
  }

  static std::vector<Writer> writers() {
    return {{{"profile", "--model", "model.safetensors", "--data", "set.jsonl"},
             "p.json",
             {"model.safetensors", "set.jsonl"}},
            {{"similarity", "--model", "model.safetensors", "--data", "set.jsonl", "--profile",
              "profile.json"},
             "s.json",
             {"model.safetensors", "set.jsonl", "profile.json"}},
            {{"energy", "--report", "made/report.json", "--hardware", "hw.yaml"},
             "e.json",
             {"made/report.json", "hw.yaml"}},
            {{"import", "--model", "lstm.pt", "--describe", "describe.json"},
             "m.safetensors",
             {"lstm.pt", "describe.json"}}};
  }

  static CommandResult write(const Writer& writer, const std::string& out) {
    Arguments arguments = writer.arguments;
    arguments.insert(arguments.end(), {"--out", out});
    return inputs().run(arguments);
  }
  static std::string bytes(const std::string& file) { return read_file(inputs().path() / file); }
};

TEST_F(PathOptions, WhatIsWrittenReplacesNoInput) {
  for (const Writer& writer : writers())
    for (const std::string& input : writer.inputs) {
      const std::string before = bytes(input);
      EXPECT_TRUE(is_refusal(write(writer, input), "--out would replace " + input))
          << writer.arguments[0];
      EXPECT_TRUE(is_refusal(write(writer, "made/../" + input), "--out would replace"))
          << writer.arguments[0];
      fs::remove(inputs().path() / "link");
      fs::create_symlink(inputs().path() / input, inputs().path() / "link");
      EXPECT_TRUE(is_refusal(write(writer, "link"), "--out would replace link"))
          << writer.arguments[0];
      EXPECT_EQ(bytes(input), before) << writer.arguments[0];
    }
}

TEST_F(PathOptions, WhatIsWrittenReplacesOnlyWhatEdgevalWrote) {
  for (const Writer& writer : writers()) {
    for (int i = 0; i < 2; ++i) {
      const CommandResult written = write(writer, writer.out);
      EXPECT_EQ(written.code, 0) << written.err;
    }
    for (const std::string foreign : {"a.wav", "p.yaml", "made/utterances.jsonl"}) {
      const std::string before = bytes(foreign);
      EXPECT_TRUE(is_refusal(write(writer, foreign), "remove it or give --out another"))
          << writer.arguments[0] << foreign;
      EXPECT_EQ(bytes(foreign), before);
    }
    inputs().file("empty", "");
    EXPECT_EQ(write(writer, "empty").code, 0) << writer.arguments[0];
  }
  // A profile may not replace a run's report, nor prices a model, nor a model a profile.
  inputs().file("kept/report.json", bytes("made/report.json"));
  EXPECT_TRUE(is_refusal(write(writers()[0], "kept/report.json"), "which edgeval did not write"));
  EXPECT_TRUE(
      is_refusal(write(writers()[2], "model.safetensors"), "remove it or give --out another"));
  EXPECT_TRUE(is_refusal(write(writers()[3], "profile.json"), "remove it or give --out another"));
}

TEST_F(PathOptions, NoNameIsEmpty) {
  for (const Writer& writer : writers()) {
    EXPECT_TRUE(is_refusal(write(writer, ""), "--out is empty; name a file"));
    for (std::size_t i = 1; i < writer.arguments.size(); i += 2) {
      Writer without = writer;
      without.arguments[i + 1] = "";
      EXPECT_TRUE(is_refusal(write(without, "x.json"), writer.arguments[i] + " is empty"));
    }
  }
  for (const char* option : {"--model", "--data", "--policy", "--profile", "--hardware"})
    EXPECT_TRUE(is_refusal(inputs().run_with(option, ""), std::string(option) + " is empty"));
  EXPECT_TRUE(
      is_refusal(inputs().run_with("--out", ""), "--out is empty; name a folder, such as run"));
  EXPECT_TRUE(is_refusal(inputs().run({"score", "--reference", "", "--hypothesis", "p.yaml"}),
                         "--reference is empty"));
  EXPECT_FALSE(fs::exists(inputs().path() / "report.json"));
}

// If an empty value counted as none, compare a b --max-loss "$LIMIT" would accept any loss.
TEST_F(PathOptions, NoValueIsEmpty) {
  EXPECT_TRUE(is_refusal(inputs().run({"compare", "made", "made", "--max-loss", ""}),
                         "--max-loss is empty; give it a value or leave it out"));
  EXPECT_TRUE(
      is_refusal(inputs().run({"compare", "made", "made", "--max-loss", "1", "--confidence", ""}),
                 "--confidence is empty"));
  EXPECT_EQ(inputs().run({"compare", "made", "made", "--max-loss", "1"}).code, 0);
}

TEST_F(PathOptions, ARunReplacesARunAndNothingElse) {
  fs::create_directories(inputs().path() / "data");
  for (const char* file : {"a.wav", "b.wav"})
    fs::copy_file(inputs().path() / file, inputs().path() / "data" / file,
                  fs::copy_options::overwrite_existing);
  inputs().file("data/utterances.jsonl", Inputs::kManifest);
  const auto run = [&](const std::string& data, const std::string& out) {
    return inputs().run({"run", "--model", "model.safetensors", "--data", data, "--out", out});
  };
  EXPECT_TRUE(is_refusal(run("data", "data"), "--out would replace data/utterances.jsonl"));
  EXPECT_TRUE(is_refusal(run("set.jsonl", "data"), "remove it or give --out another"));
  EXPECT_EQ(bytes("data/utterances.jsonl"), Inputs::kManifest);
  fs::rename(inputs().path() / "data/utterances.jsonl", inputs().path() / "data/test.jsonl");
  EXPECT_TRUE(is_refusal(run("data", "data/."), "is the folder of --data"));
  // Nothing of what lies in the current folder is to be removed.
  EXPECT_TRUE(is_refusal(run("set.jsonl", "."),
                         ".: is the current folder, which a run would replace as a whole; name a "
                         "folder in it, such as run"));
  EXPECT_TRUE(is_refusal(run("set.jsonl", "/"), "/: is a mount point"));
  EXPECT_TRUE(is_refusal(run("data/test.jsonl", "data"), "is the folder that --data lies in"));
  for (int i = 0; i < 2; ++i) EXPECT_EQ(run("data", "again").code, 0);
  inputs().file("mine/hypotheses.txt", "mine\n");
  EXPECT_TRUE(is_refusal(run("data", "mine"), "remove it or give --out another"));
  inputs().file("notes/note.md", "mine\n");
  EXPECT_TRUE(is_refusal(run("data", "notes"),
                         "--out notes holds note.md, which no run of edgeval wrote; give --out "
                         "another folder, such as notes/run"));
  fs::create_symlink("nowhere", inputs().path() / "lost");
  EXPECT_TRUE(is_refusal(run("data", "lost"), "lost: is a link that leads nowhere"));
  inputs().file("theirs/report.json", "{}\n");
  EXPECT_TRUE(is_refusal(run("data", "theirs"), "remove it or give --out another"));
}

// No option names the profile that a policy names; it is no report, which is known by its contents.
TEST_F(PathOptions, ARunKeepsTheProfileOfItsPolicy) {
  inputs().file("named/report.json", bytes("profile.json"));
  inputs().file("named/policy.yaml", "profile: report.json\n");
  EXPECT_TRUE(is_refusal(inputs().run({"run", "--model", "model.safetensors", "--data", "set.jsonl",
                                       "--policy", "named/policy.yaml", "--out", "named"}),
                         "--out would replace named/report.json, which edgeval did not write"));
  EXPECT_TRUE(is_refusal(inputs().run({"run", "--model", "model.safetensors", "--data", "set.jsonl",
                                       "--set", "profile=named/report.json", "--out", "named"}),
                         "--out would replace named/report.json"));
  EXPECT_EQ(bytes("named/report.json"), bytes("profile.json"));
}

TEST_F(PathOptions, ARunKeepsHypothesesThatNoTranslationLeft) {
  ASSERT_EQ(inputs().run_with("--out", "own").code, 0);
  inputs().file("own/hypotheses.txt", "made of utterances.jsonl\n");
  EXPECT_TRUE(
      is_refusal(inputs().run_with("--out", "own"),
                 "--out would replace own/hypotheses.txt, which no run of edgeval left there"));
  EXPECT_EQ(bytes("own/hypotheses.txt"), "made of utterances.jsonl\n");
}

// A translation's hypotheses beside the report of a speech run would be taken for its own.
TEST_F(PathOptions, ARunLeavesNoFilesOfAnotherTask) {
  const std::string captions = (source_folder() / "datasets/captions").string();
  const CommandResult translated =
      inputs().run({"run", "--model", captions + "/multi30k-en-de.safetensors", "--data",
                    captions + "/captions.en", "--limit", "2", "--out", "both"});
  ASSERT_EQ(translated.code, 0) << translated.err;
  EXPECT_TRUE(fs::exists(inputs().path() / "both/hypotheses.txt"));
  ASSERT_EQ(inputs().run_with("--out", "both").code, 0);
  EXPECT_FALSE(fs::exists(inputs().path() / "both/hypotheses.txt"));
  EXPECT_TRUE(fs::exists(inputs().path() / "both/report.json"));
}

}  // namespace
}  // namespace edgeval::test
