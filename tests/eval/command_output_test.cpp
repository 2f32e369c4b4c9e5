// A place that cannot be written to ends the real program with one line, and leaves every folder as
// it was.
#include <unistd.h>

#include <algorithm>
#include <filesystem>

#include "tests/support/refused_command.hpp"

namespace edgeval::test {
namespace {

// The folders' contents before and after are the same: nothing half-written, no temporary file.
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
  EXPECT_TRUE(is_refusal(inputs().run_with("--out", "a_file/inside"),
                         "a_file/inside: the folder cannot be made"));
  EXPECT_TRUE(is_refusal(inputs().run_with("--out", "taken"), "taken/report.json: is a folder"));
  EXPECT_TRUE(
      is_refusal(inputs().run_with("--out", std::string(300, 'o')), "the folder cannot be made"));
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
  EXPECT_TRUE(is_refusal(inputs().run_with("--out", "locked"), "locked/utterances.jsonl"));
  EXPECT_TRUE(is_refusal(inputs().run_with("--out", "locked/inside"), "locked/inside"));
  EXPECT_TRUE(std::filesystem::is_empty(inputs() / "locked"));
}

// A limit on the size of files stands for a full disk: the write fails half way.
TEST_F(Refused, AFullDiskLeavesNothingHalfWritten) {
  const std::string full = "trap '' XFSZ; ulimit -f 1; ";
  inputs().file("old.json", "{\n  \"schema\": 1}\n");
  const std::vector<std::string> before = listing(inputs().path());
  const CommandResult profile =
      run_shell(full + command_line({"profile", "--model", "model.safetensors", "--data",
                                     "set.jsonl", "--out", "old.json"}),
                inputs().path());
  EXPECT_EQ(profile.code, 2);
  EXPECT_TRUE(profile.err.starts_with("edgeval: failed: old.json.part-")) << profile.err;
  const CommandResult energy = run_shell(
      full + command_line({"energy", "--report", "made/report.json", "--out", "new.json"}),
      inputs().path());
  EXPECT_EQ(energy.code, 2);
  EXPECT_TRUE(energy.err.starts_with("edgeval: failed: new.json.part-")) << energy.err;
  EXPECT_EQ(listing(inputs().path()), before);
  EXPECT_EQ(read_file(inputs() / "old.json"), "{\n  \"schema\": 1}\n");
}

TEST_F(Refused, AFullStandardOutputIsAFailure) {
  for (const std::string arguments : {"info", "--help", "energy --report made/report.json"}) {
    const CommandResult result = run_shell("edgeval " + arguments + " >/dev/full", inputs().path());
    EXPECT_EQ(result.code, 2) << arguments;
    EXPECT_EQ(result.err, "edgeval: failed: standard output cannot be written\n");
  }
}

}  // namespace
}  // namespace edgeval::test
