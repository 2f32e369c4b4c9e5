// What `edgeval sweep` refuses, each with exit code 1 and one line, and without a change of a file.
#include <gtest/gtest.h>

#include "eval/search/journal.hpp"
#include "tests/eval/command/swept_folder.hpp"

namespace edgeval::test {
namespace {

struct Case {
  Arguments more;
  std::string message;  // a part of the line
  Arguments points = SmallSweep::points();
};

void expect_sweeps_refused(const SmallSweep& small, const std::vector<Case>& cases) {
  const Files before = files_of(small.path());
  for (const auto& [more, message, points] : cases) {
    EXPECT_TRUE(is_refusal(small.run(more, points), message))
        << separated(more) << ' ' << separated(points);
    EXPECT_EQ(files_of(small.path()), before) << separated(more);
  }
}

TEST(SweepRefuses, PointsThatAreNotGivenOrGivenTwice) {
  const SmallSweep small;
  small.file("list.jsonl", "{\"operand.threshold_x\": 0.5}\n");
  const Arguments vary{"--vary", "operand.threshold_x=0:1:5"};
  expect_sweeps_refused(
      small,
      {{{}, "--vary or --list is wanted: what is swept over", {}},
       {{"--list", "list.jsonl"}, "--vary and --list: name one of them", vary},
       {{"--list", "list.jsonl", "--points", "3"}, "--points: --list says how many", {}},
       {{"--draw", "grid"}, "--points: a grid has as many points as its STEPS and lists say"},
       {{}, "--points is wanted: how many points are drawn; or take --draw grid", vary},
       {{"--draw", "random"}, "--points is wanted: how many points are drawn", vary},
       {{"--draw", "best"}, "--draw: best not in {", joined(vary, {"--points", "3"})},
       {{"--points", "0"}, "--points: 0 is out of range; it must be from 1 to 1000000", vary},
       {{"--block", "0"}, "--block: "},
       {{"--seed", "-1"}, "--seed: "},
       {{"--list", "none.jsonl"}, "none.jsonl", {}}});
  EXPECT_FALSE(std::filesystem::exists(small / "sweep"));
}

TEST(SweepRefuses, PointsThatNoPolicyAllows) {
  const SmallSweep small;
  small.file("unknown.jsonl", "{\"operand.threshold_x\": 0.5}\n\n{\"operand.clusters\": 4}\n");
  small.file("typo.yaml", "operand: {type: delta, treshold_x: 0.1, threshold_h: 0.1}\n");
  small.file("list.yaml", "[operand]\n");
  small.file("good.jsonl", "{\"operand.threshold_x\": 0.5}\n{\"operand.threshold_x\": 0.6}\n");
  small.file("lines.jsonl", "{\"operand.threshold_x\": 0.5}\n[1]\n");
  small.file("mixed.jsonl", "{\"operand.threshold_x\": 0.5}\n{\"beam.width\": 3}\n");
  const auto vary = [](const std::string& what) {
    return Arguments{"--vary", what, "--points", "3"};
  };
  expect_sweeps_refused(
      small,
      {{{},
        "operand.treshold_x: unknown key; did you mean threshold_x?",
        vary("operand.treshold_x=0:1")},
       {{}, "pln: unknown key; did you mean plan?", vary("pln.threshold=0:1")},
       {{},
        "--vary operand.threshold_x=-2:-1: operand: thresholds must be 0 or more",
        vary("operand.threshold_x=-2:-1")},
       {{"--draw", "grid"},
        "--vary operand.threshold_x=-1,-2: operand: thresholds must be 0 or more",
        {"--vary", "operand.threshold_x=-1,-2"}},
       {{"--draw", "grid"},
        "--vary operand.type=delta,detla: no point can have operand.type=detla: operand.type: "
        "unknown type 'detla'",
        {"--vary", "operand.type=delta,detla"}},
       {{"--draw", "grid"},
        "--vary profile=a.json,b.json: all points have one profile",
        {"--vary", "profile=a.json,b.json"}},
       {{"--set", "operand.type=dynamic"}, "edgeval: --set: operand.type: unknown type 'dynamic'"},
       {{"--set", "plan.type=similarity_skip"},
        "plan: similarity_skip wants threshold, which no default suits"},
       {{"--policy", "typo.yaml"}, "edgeval: typo.yaml: operand.treshold_x: unknown key"},
       {{"--policy", "list.yaml"}, "edgeval: list.yaml: is no map of axes"},
       {{"--policy", "typo.yaml", "--list", "good.jsonl"},
        "edgeval: typo.yaml: operand.treshold_x: unknown key",
        {}},
       {{"--set", "layers.gru1.operand.type=as_is"},
        "edgeval: p.yaml with --set: layers.gru1: model"},
       {{"--list", "mixed.jsonl"},
        "edgeval: some points of the sweep have a beam and others have none; make a sweep of each",
        {}},
       {{"--set", "operand={type: reuse, clusters: 4}"},
        "reuse: range is not known; name a profile",
        vary("plan.type=every_step")},
       {{"--list", "unknown.jsonl"}, "unknown.jsonl:3: operand.clusters=4: operand.clusters: ", {}},
       {{"--list", "lines.jsonl"},
        "lines.jsonl:2: a list of points has one JSON object on each line",
        {}},
       {{},
        "--vary layers.gru*.operand.threshold_x=0:1: no layer of the model is called gru*",
        vary("layers.gru*.operand.threshold_x=0:1")},
       {{"--set", "operand.threshold=-1"}, "edgeval: --set: operand.threshold: unknown key"},
       {{"--policy", "none.yaml"}, "none.yaml: "},
       {{"--model", "none.safetensors"}, "none.safetensors: "},
       {{"--data", "none.jsonl"}, "none.jsonl: "},
       {{"--profile", "none.json"}, "none.json: "},
       {{"--reference", "set.jsonl"}, "--reference"}});
  EXPECT_FALSE(std::filesystem::exists(small / "sweep"));
}

TEST(SweepRefuses, AcceleratorsThatCannotPriceAPoint) {
  const SmallSweep small;
  small.file("widths.jsonl",
             "{\"arithmetic.type\": \"fp32\"}\n"
             "{\"arithmetic.type\": \"int8\", \"arithmetic.input_bits\": 5}\n");
  expect_sweeps_refused(small,
                        {{{"--hardware", "similarity65"},
                          "similarity65 cannot price layer lstm1 (forward): it has macs.fp32"},
                         {{"--hardware", "reuse32", "--list", "widths.jsonl"},
                          "reuse32 cannot price point 2: layer lstm1 (forward): it has macs.8x8",
                          {}},
                         {{"--hardware", "none"}, "none"},
                         {{"--hardware", "cpu1", "--hardware", "cpu1"},
                          "an accelerator named cpu1 was given before"}});
  EXPECT_FALSE(std::filesystem::exists(small / "sweep"));
}

TEST(SweepRefuses, FoldersThatAreNotItsOwn) {
  const SmallSweep small;
  ASSERT_EQ(small.run({}).code, 0);
  std::filesystem::create_directory(small / "mine");
  std::filesystem::create_directory(small / "empty");
  small.file("mine/thesis.txt", "a");
  small.file("a_file", "b");
  expect_sweeps_refused(
      small, {{{}, "sweep: holds a sweep; --resume goes on with it, another --out begins anew"},
              {{"--dry-run"}, "sweep: holds a sweep; --resume goes on with it"},
              {{"--out", "mine"}, "mine: holds files that are no sweep's; name another folder"},
              {{"--out", "mine", "--resume"}, "mine: holds files that are no sweep's"},
              {{"--out", "none", "--resume"},
               "none: holds no sweep that --resume could go on with; leave out --resume, or name "
               "the folder of a sweep"},
              {{"--out", "none", "--resume", "--dry-run"}, "none: holds no sweep that --resume"},
              {{"--out", "empty", "--resume"}, "empty: holds no sweep that --resume"},
              {{"--out", "a_file"}, "a_file: the folder cannot be made: a file has this name"},
              {{"--out", "a_file", "--resume"}, "a_file: the folder cannot be made"}});
}

TEST(SweepRefuses, ToGoOnWithOtherInputs) {
  const SmallSweep small;
  ASSERT_EQ(small.run({}).code, 0);
  Model other =
      random_model({.inputs = 4, .lstm = {{.cells = 5}, {.cells = 4}}, .outputs = 5, .gain = 3}, 6);
  other.tokens = {"", "a", "b", " ", "c"};
  small.file("other.safetensors", model_bytes(other));
  std::string manifest = read_file(small / "set.jsonl");
  manifest.replace(manifest.find("a b c"), 5, "a b b");
  small.file("other.jsonl", manifest);
  small.file("p2.yaml", "operand: {type: delta, threshold_x: 0.1, threshold_h: 0.2}\n");
  const std::string is = "sweep/journal/1.jsonl: is of another sweep: ";
  const auto refused = [&](const Arguments& more, const std::string& message,
                           const Arguments& points = SmallSweep::points()) {
    return Case{joined({"--resume"}, more), is + message, points};
  };
  Arguments fewer = SmallSweep::points(), further = fewer;
  fewer.back() = "5";
  further[1] = "operand.threshold_x=0.01:3:log";
  expect_sweeps_refused(
      small,
      {refused({"--seed", "1"}, "not the same points, seed was 0 and is now 1;"),
       refused({"--block", "3"}, "block was 2 and is now 3, blocks was 3 and is now 2;"),
       refused({"--model", "other.safetensors"}, "not the same model;"),
       refused({"--data", "other.jsonl"}, "not the same data;"),
       refused({"--limit", "4"}, "data.utterances was 5 and is now 4, data.frames was "),
       refused({"--case", "lower"}, "choices.scoring.case was \"keep\" and is now \"lower\";"),
       refused({"--policy", "p2.yaml"}, "not the same policy;"),
       refused({"--set", "operand.threshold_h=0.2"}, "not the same policy;"),
       refused({"--no-reference"}, "references was 1 and is now 0;"),
       refused({}, "points.count was 6 and is now 5;", fewer),
       refused({}, "not the same points;", further),
       refused({"--draw", "random"}, "not the same points;")});
  // Where the points are the same whatever the seed is, the blocks are not.
  const Arguments grid{"--vary", "operand.threshold_x=0.1,0.2", "--draw", "grid"};
  ASSERT_EQ(small.run({"--out", "grid"}, grid).code, 0);
  expect_sweeps_refused(
      small, {{{"--out", "grid", "--resume", "--seed", "1"},
               "grid/journal/1.jsonl: is of another sweep: seed was 0 and is now 1; name "
               "another --out, or sweep as before",
               grid}});
  // The same inputs under other names are no others, and hardware is priced anew.
  std::filesystem::rename(small / "model.safetensors", small / "renamed.safetensors");
  EXPECT_EQ(small.run({"--resume", "--model", "renamed.safetensors", "--hardware", "cpu1"}).code,
            0);
}

// Options that change hypotheses are in the journal's head, too.
TEST(SweepRefuses, ToGoOnWithOtherTranslations) {
  const TemporaryFolder folder;
  const Arguments captions =
      joined({"sweep"}, kCaptions, {"--vary", "beam.width=1", "--draw", "grid", "--no-reference"});
  EXPECT_TRUE(is_refusal(edgeval(joined(captions, {"--reference-perplexity", "--reference",
                                                   captions_file("captions.de")}),
                                 folder.path()),
                         "--reference-perplexity: a sweep does not measure it"));
  ASSERT_EQ(edgeval(captions, folder.path()).code, 0);
  EXPECT_TRUE(is_refusal(
      edgeval(joined(captions, {"--replace-unknown", "--resume"}), folder.path()), "choices"));
}

TEST(SweepRefuses, SharesThatDoNotFit) {
  const SmallSweep small;
  ASSERT_EQ(small.run({"--out", "a"}).code, 0);
  ASSERT_EQ(small.run({"--out", "b", "--block", "3"}).code, 0);
  std::vector<Case> cases{{{"--shard", "3/2"}, "--shard 3/2: has only the shares 1 to 2"}};
  for (const char* shard : {"2", "0/2", "1/0", "a/b", "1/2x", "-1/2", "1/", "/2", " 1/2"})
    cases.push_back({{"--shard", shard}, std::string("--shard ") + shard + ": must be i/n"});
  expect_sweeps_refused(small, cases);
  const Files before = files_of(small.path());
  const auto merge = [&](const Arguments& words, const std::string& message) {
    EXPECT_TRUE(is_refusal(edgeval(joined({"merge"}, words), small.path()), message));
    EXPECT_EQ(files_of(small.path()), before);
    EXPECT_FALSE(std::filesystem::exists(small / "all")) << separated(words);
  };
  merge({"a", "b", "--out", "all"},
        "are of different sweeps: block is 3 and 2, blocks is 2 and 3; merge the parts of one");
  merge({"a", "none", "--out", "all"}, "none: holds no sweep");
  merge({"a", "--out", "b"}, "b: is there already; name a new folder");
  merge({"a", "--out", "a"}, "--out a is the folder of");
  merge({"--out", "all"}, "folders");
}

TEST(SweepRefuses, JournalsThatAreDamagedOrDoNotAgree) {
  const SmallSweep small;
  ASSERT_EQ(small.run({}).code, 0);
  const std::filesystem::path journal = small / "sweep/journal/1.jsonl";
  const std::string text = read_file(journal);
  std::string damaged = text;
  damaged[text.find('\n') + 30] ^= 1;
  write_file(journal, damaged);
  expect_sweeps_refused(small, {{{"--resume"}, "sweep/journal/1.jsonl: line 2 is damaged"}});
  write_file(journal, text);
  // The head is the only entry of the second file that fits; its result is that of another build.
  const std::filesystem::path second = small / "sweep/journal/2.jsonl";
  write_file(second, text.substr(0, text.find('\n') + 1));
  Journal(second, [](std::string_view, std::uint64_t) {
  }).append(R"({"point":1,"block":1,"statistics":[],"counts":[]})");
  expect_sweeps_refused(
      small, {{{"--resume"}, " have different results of point 1, block 1; remove the"}});
}

}  // namespace
}  // namespace edgeval::test
