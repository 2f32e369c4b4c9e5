// Shares of a sweep, merges, and sweeps that run in one folder at the same time or are interrupted.
#include <gtest/gtest.h>

#include "tests/eval/command/swept_folder.hpp"

namespace edgeval::test {
namespace {

// Returns a script that runs two commands at the same time and then prints their exit codes.
std::string both(const std::string& first, const std::string& second) {
  return first + " & one=$!; " + second + "; two=$?; wait $one; echo codes $? $two";
}

TEST(SweepsAtOnce, InOneFolderAreRefusedButForOne) {
  const SmallSweep small;
  const CommandResult result =
      run_shell(both(small.line({}), small.line({"--seed", "1"})), small.path());
  EXPECT_TRUE(result.out.ends_with("codes 0 1\n") || result.out.ends_with("codes 1 0\n"))
      << result.out;
  EXPECT_TRUE(result.err.find("another edgeval writes to it") != std::string::npos ||
              result.err.find("sweep: holds a sweep") != std::string::npos ||
              result.err.find("is of another sweep") != std::string::npos)
      << result.err;
  const bool first = result.out.ends_with("codes 0 1\n");
  const auto again = [&](const char* seed) { return small.run({"--seed", seed, "--resume"}).code; };
  EXPECT_EQ(again(first ? "0" : "1"), 0);
  EXPECT_EQ(again(first ? "1" : "0"), 1);
}

TEST(SweepShares, AtOnceInOneFolderAreTheSameAsWhole) {
  const SmallSweep small;
  ASSERT_EQ(small.run({"--out", "whole"}).code, 0);
  const CommandResult result =
      run_shell(both(small.line({"--shard", "1/2"}), small.line({"--shard", "2/2"})), small.path());
  EXPECT_TRUE(result.out.ends_with("codes 0 0\n")) << result.out << result.err;
  EXPECT_EQ(small.run({"--resume"}).code, 0);
  EXPECT_EQ(tables(small / "sweep"), tables(small / "whole"));
}

TEST(SweepInterrupted, SaysThatItsResultsAreKept) {
  const SmallSweep small;
  for (const auto& [signal, number] : {std::pair("INT", 2), {"TERM", 15}}) {
    std::filesystem::remove_all(small / "sweep");
    const CommandResult result =
        run_shell(concat("(until [ $(cat sweep/journal/1.jsonl 2>/dev/null | wc -l) -gt 3 ]; do "
                         "sleep 0.01; done; kill -",
                         signal, " $$) & exec ", small.line({}, SmallSweep::many_points())),
                  small.path());
    EXPECT_EQ(result.code, 128 + number);
    EXPECT_EQ(result.err, "edgeval: interrupted; what was found is kept, --resume goes on\n");
    EXPECT_EQ(result.out, "");
  }
}

// Shares in folders of their own, which are merged, and shares in one folder.
TEST(SweepShares, AreTheSameAsWhole) {
  const SmallSweep small;
  ASSERT_EQ(small.run({}).code, 0);
  const Files expected = tables(small / "sweep");
  const std::multiset<std::string> lines = sorted_lines(small / "sweep/journal/1.jsonl");
  for (const char* share : {"1", "2", "3"}) {
    const std::string shard = std::string(share) + "/3";
    const CommandResult apart = small.run({"--shard", shard, "--out", std::string("part") + share});
    EXPECT_EQ(apart.code, 0) << apart.err;
    EXPECT_EQ(apart.out.find("share " + shard + " is done"), 0u) << apart.out;
    EXPECT_FALSE(std::filesystem::exists(small / (std::string("part") + share) / "points.csv"));
    EXPECT_EQ(small.run({"--shard", shard, "--out", "together"}).code, 0);
    EXPECT_TRUE(
        std::filesystem::exists(small / "together/journal" / (std::string(share) + ".jsonl")));
  }
  const CommandResult merged =
      edgeval({"merge", "part3", "part1", "part2", "--out", "all"}, small.path());
  EXPECT_EQ(merged.code, 0) << merged.err;
  EXPECT_EQ(merged.out.find("21 results from 3 folders\n"), 0u) << merged.out;
  EXPECT_EQ(sorted_lines(small / "all/journal/1.jsonl"), lines);
  for (const char* folder : {"all", "together"}) {
    EXPECT_EQ(small.run({"--resume", "--out", folder}).code, 0);
    EXPECT_EQ(tables(small / folder), expected);
  }
  EXPECT_EQ(sorted_lines(small / "all/journal/1.jsonl"), lines);  // nothing was left to do
}

TEST(SweepMerge, OfSomeSharesSaysThatOneIsMissing) {
  const SmallSweep small;
  ASSERT_EQ(small.run({"--out", "whole"}).code, 0);
  ASSERT_EQ(small.run({"--shard", "2/2", "--out", "part"}).code, 0);
  const auto results = sorted_lines(small / "part/journal/2.jsonl").size() - 1;
  const CommandResult merged = edgeval({"merge", "part", "--out", "all"}, small.path());
  EXPECT_EQ(merged.code, 0) << merged.err;
  EXPECT_EQ(merged.out,
            concat(results,
                   " of 21 results from 1 folder; a share is missing\nedgeval sweep with "
                   "--resume --out all runs what is missing and writes the tables\n"));
  EXPECT_EQ(small.run({"--resume", "--out", "all"}).code, 0);
  EXPECT_EQ(tables(small / "all"), tables(small / "whole"));
}

TEST(SweepMerge, ThatFailsOrIsKilledLeavesTheFolderForTheNext) {
  const SmallSweep small;
  ASSERT_EQ(small.run({"--out", "part"}).code, 0);
  const Files before = files_of(small.path());
  const std::string merge = command_line({"merge", "part", "--out", "all"});
  // A file has room for one block of the disk.
  const CommandResult full = run_shell("ulimit -f 1; " + merge, small.path());
  EXPECT_EQ(full.code, 2) << full.err;
  EXPECT_NE(full.err.find("cannot be written: File too large"), std::string::npos) << full.err;
  EXPECT_EQ(files_of(small.path()), before);
  // This is what a killed merge leaves.
  std::filesystem::create_directories(small / ".all.edgeval-abcdefghijkl/journal");
  small.file(".all.edgeval-abcdefghijkl/journal/1.jsonl", "{\"crc\"");
  const CommandResult merged = run_shell(merge, small.path());
  EXPECT_EQ(merged.code, 0) << merged.err;
  EXPECT_FALSE(std::filesystem::exists(small / ".all.edgeval-abcdefghijkl"));
  EXPECT_EQ(sorted_lines(small / "all/journal/1.jsonl"),
            sorted_lines(small / "part/journal/1.jsonl"));
  const CommandResult again = run_shell(merge, small.path());
  EXPECT_TRUE(is_refusal(again, "all: is there already; name a new folder"));
}

}  // namespace
}  // namespace edgeval::test
