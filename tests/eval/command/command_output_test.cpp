// When the real program cannot write to a place, it ends with one line and leaves every folder as
// it was.
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "tests/support/refused_command.hpp"

namespace edgeval::test {
namespace {

// Returns the contents of a folder, to compare them before and after a command.
std::vector<std::string> listing(const std::filesystem::path& folder) {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder))
    names.push_back(entry.path());
  std::sort(names.begin(), names.end());
  return names;
}

TEST_F(Refused, PlacesThatCannotBeWritten) {
  inputs().file("a_file", "kept");
  std::filesystem::create_directories(inputs() / "taken/report.json");
  std::filesystem::create_directories(inputs() / "folder");
  const std::vector<std::string> before = listing(inputs().path());
  EXPECT_TRUE(
      is_refusal(inputs().run_with("--out", "a_file"), "a_file: the folder cannot be made"));
  EXPECT_TRUE(
      is_refusal(inputs().run_with("--out", "a_file/inside"), "a_file: the folder cannot be made"));
  EXPECT_TRUE(
      is_refusal(inputs().run_with("--out", "taken"), "taken/report.json, which is no file"));
  EXPECT_TRUE(is_refusal(inputs().run_with("--out", std::string(300, 'o')),
                         "cannot be made: File name too long"));
  EXPECT_TRUE(
      is_refusal(inputs().run_with("--out", "/dev/null"), "/dev/null: the folder cannot be made"));
  for (const std::string place : {"folder", "a_file/p.json", "/dev/null", "/dev/full"}) {
    EXPECT_TRUE(is_refusal(inputs().run({"profile", "--model", "model.safetensors", "--data",
                                         "set.jsonl", "--out", place}),
                           place.substr(0, 6)));
    EXPECT_TRUE(is_refusal(inputs().run({"energy", "--report", "made/report.json", "--out", place}),
                           place.substr(0, 6)));
  }
  EXPECT_TRUE(std::filesystem::is_character_file("/dev/null"));
  EXPECT_EQ(listing(inputs().path()), before);
  EXPECT_EQ(read_file(inputs() / "a_file"), "kept");
}

TEST_F(Refused, AFolderWithoutPermission) {
  if (::geteuid() == 0) GTEST_SKIP() << "root may write anywhere";
  std::filesystem::create_directories(inputs() / "locked");
  std::filesystem::permissions(
      inputs() / "locked", std::filesystem::perms::owner_read | std::filesystem::perms::owner_exec);
  EXPECT_TRUE(is_refusal(inputs().run_with("--out", "locked"), "locked: cannot be replaced"));
  EXPECT_TRUE(is_refusal(inputs().run_with("--out", "locked/inside"),
                         "locked/inside: its lock file, .inside.edgeval-lock, cannot be made"));
  EXPECT_TRUE(std::filesystem::is_empty(inputs() / "locked"));
}

// A limit on the size of files stands for a full disk: the write fails half way.
TEST_F(Refused, AFullDiskLeavesNothingHalfWritten) {
  const std::string full = "ulimit -f 1; ";
  inputs().file("old.json", "{\n  \"schema\": 1}\n");
  const std::vector<std::string> before = listing(inputs().path());
  const CommandResult profile =
      run_shell(full + command_line({"profile", "--model", "model.safetensors", "--data",
                                     "set.jsonl", "--out", "old.json"}),
                inputs().path());
  EXPECT_EQ(profile.code, 2);
  EXPECT_TRUE(profile.err.starts_with("edgeval: failed: old.json: cannot be written: "))
      << profile.err;
  const CommandResult energy = run_shell(
      full + command_line({"energy", "--report", "made/report.json", "--out", "new.json"}),
      inputs().path());
  EXPECT_EQ(energy.code, 2);
  EXPECT_TRUE(energy.err.starts_with("edgeval: failed: new.json: cannot be written: "))
      << energy.err;
  const CommandResult run = run_shell(full + command_line({"run", "--model", "model.safetensors",
                                                           "--data", "set.jsonl", "--out", "made"}),
                                      inputs().path());
  EXPECT_EQ(run.code, 2);
  EXPECT_TRUE(run.err.starts_with("edgeval: failed: made/report.json: cannot be written: "))
      << run.err;
  EXPECT_EQ(listing(inputs().path()), before);
  EXPECT_EQ(read_file(inputs() / "old.json"), "{\n  \"schema\": 1}\n");
}

// The folder has the report of `made` and the utterances of another run.
TEST_F(Refused, FilesOfTwoRunsAreNeverTakenForOne) {
  const auto id = [](const std::string& folder) {
    return nlohmann::json::parse(read_file(inputs() / (folder + "/report.json")))["run"];
  };
  ASSERT_EQ(inputs().run_with("--out", "again").code, 0);
  ASSERT_EQ(inputs()
                .run({"run", "--model", "model.safetensors", "--data", "set.jsonl", "--set",
                      "operand.type=delta", "--set", "operand.threshold_x=0.5", "--set",
                      "operand.threshold_h=0.5", "--out", "other"})
                .code,
            0);
  EXPECT_EQ(id("again").get<std::string>().size(), 16u);
  EXPECT_NE(id("again"), id("other"));
  const std::string utterances = read_file(inputs() / "other/utterances.jsonl");
  EXPECT_EQ(inputs().run({"compare", "other", "other"}).code, 0);
  inputs().file("mixed/report.json", read_file(inputs() / "again/report.json"));
  inputs().file("mixed/utterances.jsonl", utterances);
  const CommandResult mixed = inputs().run({"compare", "mixed", "other"});
  EXPECT_TRUE(is_refusal(mixed, "mixed/report.json: is of run " + id("again").get<std::string>()));
  EXPECT_TRUE(is_refusal(mixed, "run again with --out mixed"));
  inputs().file("two.jsonl", utterances + read_file(inputs() / "again/utterances.jsonl"));
  EXPECT_TRUE(is_refusal(inputs().run({"compare", "two.jsonl", "other"}), "is of run"));
  // An utterances.jsonl alone is of one run, but files in a folder must belong together.
  inputs().file("alone/utterances.jsonl", utterances);
  EXPECT_EQ(inputs().run({"compare", "alone/utterances.jsonl", "other"}).code, 0);
  EXPECT_TRUE(is_refusal(inputs().run({"compare", "alone", "other"}), "alone: has no report.json"));
  // One word was changed.
  std::string changed = utterances;
  changed.replace(changed.find("\"hypothesis\":\""), 14, "\"hypothesis\":\"X");
  inputs().file("other/utterances.jsonl", changed);
  EXPECT_TRUE(is_refusal(inputs().run({"compare", "other", "again"}),
                         "other/utterances.jsonl: is not what the run wrote"));
  EXPECT_EQ(inputs().run({"compare", "other/utterances.jsonl", "again"}).code, 0);
}

TEST_F(Refused, AReportNamesItsCommandAndTheHashOfTheOtherFile) {
  const std::vector<std::string> words{
      "run", "--model", "model.safetensors", "--data", "set.jsonl", "--out", "told"};
  ASSERT_EQ(inputs().run(words).code, 0);
  const auto report = nlohmann::json::parse(read_file(inputs() / "told/report.json"));
  const std::vector<std::string> said = report["invocation"];
  EXPECT_EQ(std::vector(said.begin() + 1, said.end()), words);
  const CommandResult sum = run_shell("sha256sum told/utterances.jsonl", inputs().path());
  EXPECT_EQ(report["files"]["utterances.jsonl"]["sha256"], sum.out.substr(0, 64));
}

TEST_F(Refused, AFullStandardOutputIsAFailure) {
  for (const std::string arguments : {"info", "--help", "energy --report made/report.json"}) {
    const CommandResult result = run_shell("edgeval " + arguments + " >/dev/full", inputs().path());
    EXPECT_EQ(result.code, 2) << arguments;
    EXPECT_EQ(result.err, "edgeval: failed: standard output cannot be written\n");
  }
}

// No file of a run takes the number of a stream that is closed, and with it what is printed.
TEST_F(Refused, ClosedStreamsLoseNothingInSilence) {
  const std::string run = "edgeval run --model model.safetensors --data set.jsonl --out ";
  const CommandResult result = run_shell(run + "open", inputs().path());
  ASSERT_EQ(result.code, 0) << result.err;
  const CommandResult no_output = run_shell(run + "closed >&-", inputs().path());
  EXPECT_EQ(no_output.code, 2);
  EXPECT_TRUE(no_output.err.ends_with("edgeval: failed: standard output cannot be written\n"))
      << no_output.err;
  const CommandResult no_errors = run_shell(run + "quiet 2>&- <&-", inputs().path());
  EXPECT_EQ(no_errors.code, 0);
  EXPECT_EQ(std::ranges::count(no_errors.out, '\n'), std::ranges::count(result.out, '\n'));
  for (const char* folder : {"closed", "quiet"})
    EXPECT_EQ(read_file(inputs() / folder / "utterances.jsonl"),
              read_file(inputs() / "open/utterances.jsonl"));
}

}  // namespace
}  // namespace edgeval::test
