// `edgeval calibrate`: its files are the same bytes however the work is done, its winner is the
// cheapest candidate that passed, and mistakes are refused before the work.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "tests/eval/command/swept_folder.hpp"

namespace edgeval::test {
namespace {

Arguments calibration(const std::string& out, const Arguments& more = {}) {
  const bool has_least = std::ranges::find(more, "--least") != more.end();
  return joined({"calibrate", "--quiet", "--model", "model.safetensors", "--data", "set.jsonl",
                 "--policy", "p.yaml", "--vary", "operand.threshold_x=0.01:2:log", "--vary",
                 "operand.threshold_h=0.01:0.5", "--points", "70", "--out", out},
                has_least ? Arguments() : Arguments{"--least", "macs"}, more);
}
const Arguments kGenerous{"--max-loss", "100000", "--confirm-data", "set.jsonl"};
// A set, own.jsonl, whose references are what the dense network says, so that other points lose.
class OwnWords : public SmallSweep {
 public:
  OwnWords() {
    // A gain at which what the network says follows its inputs.
    Model model = random_model(
        {.inputs = 4, .lstm = {{.cells = 5}, {.cells = 4}}, .outputs = 5, .gain = 12}, 5);
    model.tokens = {"", "a", "b", " ", "c"};
    file("model.safetensors", model_bytes(model));
    const CommandResult run = edgeval({"run", "--quiet", "--model", "model.safetensors", "--data",
                                       "set.jsonl", "--no-reference", "--out", "own"},
                                      path());
    EXPECT_EQ(run.code, 0) << run.err;
    std::istringstream said(read_file(path() / "own/utterances.jsonl"));
    std::istringstream set(read_file(path() / "set.jsonl"));
    std::string line, lines;
    while (std::getline(set, line)) {
      auto utterance = nlohmann::json::parse(line);
      std::getline(said, line);
      const auto result = nlohmann::json::parse(line);
      EXPECT_EQ(result.at("id"), utterance.at("id"));
      utterance["text"] = result.at("hypothesis");
      lines += utterance.dump() + "\n";
    }
    file("own.jsonl", lines);
    std::filesystem::remove_all(path() / "own");
  }
};

// A calibration with all that there is: Sobol points, a descent, the estimator, points that are
// dropped, and random points.
Arguments everything(const std::string& out, const Arguments& more = {}) {
  return joined({"calibrate",
                 "--quiet",
                 "--model",
                 "model.safetensors",
                 "--data",
                 "own.jsonl",
                 "--policy",
                 "p.yaml",
                 "--vary",
                 "layers.lstm*.operand.threshold_x=0.01:2:log",
                 "--vary",
                 "layers.lstm*.operand.threshold_h=0.01:0.5",
                 "--points",
                 "130",
                 "--max-loss",
                 "30",
                 "--race",
                 "0.05",
                 "--beside-random",
                 "--block",
                 "1",
                 "--confirm-data",
                 "set.jsonl",
                 "--least",
                 "macs",
                 "--out",
                 out},
                more);
}

TEST(Calibrate, GivesTheSameFilesForAnyThreadsBatchesAndResumes) {
  const SmallSweep small;
  ASSERT_EQ(edgeval(calibration("one", joined(kGenerous, {"--threads", "1"})), small.path()).code,
            0);
  const auto outputs = [&](const std::string& out) {
    Files files = files_of(small.path() / out);
    std::erase_if(files, [](const auto& file) { return file.first.ends_with("/1.jsonl"); });
    return files;
  };
  const Files one = outputs("one");
  EXPECT_EQ(one.size(), 6U);
  std::filesystem::remove_all(small.path() / "one");  // else the second would warn of it
  const Arguments two =
      calibration("two", joined(kGenerous, {"--threads", "2", "--batch", "1", "--format", "json"}));
  ASSERT_EQ(edgeval(two, small.path()).code, 0);
  EXPECT_EQ(one, outputs("two"));
  const CommandResult resumed = edgeval(joined(two, {"--resume"}), small.path());
  ASSERT_EQ(resumed.code, 0) << resumed.err;
  EXPECT_EQ(one, outputs("two"));
}

TEST(Calibrate, TheBestIsTheCheapestCandidateThatPassedAndRuns) {
  const SmallSweep small;
  const CommandResult result = edgeval(calibration("out", kGenerous), small.path());
  ASSERT_EQ(result.code, 0) << result.err;
  const auto json = nlohmann::json::parse(read_file(small.path() / "out/calibration.json"));
  ASSERT_FALSE(json["candidates"].empty());
  double least = 1e300;
  int best = 0;
  for (const auto& candidate : json["candidates"]) {
    EXPECT_TRUE(candidate["passed"]) << "nothing can lose so much";
    EXPECT_GE(candidate["confirm_bound"], candidate["confirm_loss"]);
    if (candidate["cost"] < least) least = candidate["cost"], best = candidate["point"];
  }
  EXPECT_EQ(json["best"], best);
  ASSERT_EQ(json["warnings"].size(), 1U);
  EXPECT_NE(std::string(json["warnings"][0]).find("are the same, so nothing is confirmed"),
            std::string::npos);
  const std::vector<Row> rows = csv(small.path() / "out/points.csv");
  ASSERT_EQ(rows.size(), 70U);
  // The winner's cost is that of a run of it.
  const CommandResult run =
      edgeval({"run", "--quiet", "--model", "model.safetensors", "--data", "set.jsonl", "--policy",
               "out/best.yaml", "--out", "run", "--format", "json"},
              small.path());
  ASSERT_EQ(run.code, 0) << run.err;
  const CommandResult named =
      edgeval({"run", "--quiet", "--model", "model.safetensors", "--data", "set.jsonl", "--policy",
               "out:" + std::to_string(best), "--out", "named", "--format", "json"},
              small.path());
  const auto of_best = nlohmann::json::parse(run.out), of_point = nlohmann::json::parse(named.out);
  EXPECT_EQ(of_best["quality"], of_point["quality"]);
  EXPECT_EQ(of_best.at("activity"), of_point.at("activity"));
}

TEST(Calibrate, ShowsWhatRandomSearchFindsForAsManyMacs) {
  const SmallSweep small;
  const Arguments beside = joined(kGenerous, {"--beside-random"});
  const CommandResult result = edgeval(calibration("out", beside), small.path());
  ASSERT_EQ(result.code, 0) << result.err;
  EXPECT_NE(result.out.find("and random search, for as many"), std::string::npos) << result.out;
  const auto json = nlohmann::json::parse(read_file(small.path() / "out/calibration.json"));
  double of_search = 0, of_random = 0, points = 0;
  for (const auto& stage : json["search"]) {
    (stage["by"] == "random" ? of_random : of_search) += static_cast<double>(stage["macs"]);
    if (stage["by"] == "random") points = stage["points"];
  }
  ASSERT_GT(points, 0);
  EXPECT_GE(of_random, of_search);
  EXPECT_LT(of_random * (points - 1) / points, of_search * 1.05) << "and not much more";
  const std::vector<Row> rows = csv(small.path() / "out/points.csv");
  EXPECT_EQ(static_cast<double>(rows.size()), 70 + points);
  EXPECT_EQ(rows.back().at("search"), "random");
  const CommandResult resumed =
      edgeval(calibration("out", joined(beside, {"--resume"})), small.path());
  ASSERT_EQ(resumed.code, 0) << resumed.err;
  EXPECT_EQ(resumed.out, result.out);
}

TEST(Calibrate, FiveUtterancesConfirmNothingWithinAPoint) {
  const SmallSweep small;
  const CommandResult result =
      edgeval(calibration("out", {"--max-loss", "1", "--confirm-data", "set.jsonl"}), small.path());
  ASSERT_EQ(result.code, 0) << result.err;
  EXPECT_NE(result.out.find("No policy was confirmed within 1 point of WER at 95 %"),
            std::string::npos);
  // With 14 words in 5 utterances, one error in each is 36 points; 0.45 of these (Clopper and
  // Pearson).
  EXPECT_NE(
      result.out.find("5 utterances can confirm a policy that neither loses nor gains within"),
      std::string::npos)
      << result.out;
  EXPECT_NE(result.out.find("Within 1 point of WER only a policy that gains"), std::string::npos)
      << result.out;
  const auto json = nlohmann::json::parse(read_file(small.path() / "out/calibration.json"));
  EXPECT_TRUE(json["best"].is_null());
  EXPECT_EQ(edgeval({"run", "--quiet", "--model", "model.safetensors", "--data", "set.jsonl",
                     "--policy", "out/best.yaml", "--out", "run"},
                    small.path())
                .code,
            0);
}

TEST(Calibrate, HasEveryPartOfASearch) {
  const OwnWords small;
  ASSERT_EQ(edgeval(everything("out"), small.path()).code, 0);
  std::map<std::string, int> searches;
  int dropped = 0;
  for (const Row& row : csv(small.path() / "out/points.csv")) {
    ++searches[row.at("search")];
    dropped += !row.at("dropped").empty();
    EXPECT_EQ(row.at("dropped").empty(), !row.at("loss").empty());
    if (row.at("dropped").empty()) {
      EXPECT_EQ(row.at("items"), "5");
    }
  }
  for (const char* search : {"sobol", "descent", "tpe", "random"}) EXPECT_GT(searches[search], 0);
  EXPECT_GT(dropped, 5);
}

// The journals of three processes, and of one that goes on with them alone.
TEST(Calibrate, GivesTheSameFilesUnderMpirun) {
  if (!EDGEVAL_HAS_MPI || run_shell("command -v mpirun").code != 0)
    GTEST_SKIP() << "the build has no MPI, or there is no mpirun";
  const OwnWords small;
  const auto result = [&](const std::string& start, const Arguments& more) {
    return run_shell(concat("cd ", quoted(small.path().string()), "; ",
                            "export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 "
                            "ASAN_OPTIONS=${ASAN_OPTIONS:-}:detect_leaks=0; ",
                            start, command_line(everything("out", more))));
  };
  const auto outputs = [&] {
    Files files = files_of(small.path() / "out");
    std::erase_if(files, [](const auto& file) {
      return file.first.ends_with(".jsonl") && file.first != "points.jsonl";
    });
    return files;
  };
  ASSERT_EQ(result("", {}).code, 0);
  const Files one = outputs();
  std::filesystem::remove_all(small.path() / "out");
  const CommandResult three = result("mpirun --oversubscribe -n 3 ", {"--threads", "1"});
  ASSERT_EQ(three.code, 0) << three.err;
  EXPECT_EQ(outputs(), one);
  ASSERT_EQ(result("", {"--resume"}).code, 0);
  EXPECT_EQ(outputs(), one);
}

// What a kill leaves of a journal is some of its first lines, and perhaps a part of the next.
// (Kills of processes are in tests/faults/calibrate_kills.py.)
TEST(Calibrate, GoesOnFromWhateverAKillHasLeft) {
  const OwnWords small;
  ASSERT_EQ(edgeval(everything("out"), small.path()).code, 0);
  const auto outputs = [&] {
    Files files = files_of(small.path() / "out");
    std::erase_if(files, [](const auto& file) {
      return file.first.ends_with("/1.jsonl") || file.first.starts_with("confirm");
    });
    return files;
  };
  const Files whole = outputs();
  const std::filesystem::path file = small.path() / "out/development/1.jsonl";
  const std::string journal = read_file(file);
  constexpr int kKills = 10;
  for (int kill = 1; kill <= kKills; ++kill) {
    std::filesystem::remove_all(small.path() / "out");
    small.file("out/development/1.jsonl",
               journal.substr(0, journal.size() * static_cast<std::size_t>(kill) / kKills));
    const CommandResult result = edgeval(everything("out", {"--resume"}), small.path());
    ASSERT_EQ(result.code, 0) << kill << result.err;
    EXPECT_EQ(outputs(), whole) << kill;
    EXPECT_EQ(read_file(file), journal) << kill;
  }
}

TEST(Calibrate, RefusesMistakesBeforeTheWork) {
  const SmallSweep small;
  const auto refused = [&](const Arguments& more, const std::string& part) {
    EXPECT_TRUE(is_refusal(edgeval(calibration("out", more), small.path()), part));
    EXPECT_FALSE(std::filesystem::exists(small.path() / "out"));
  };
  refused({"--max-loss", "1"}, "--confirm or --confirm-data is wanted");
  refused({"--max-loss", "1", "--confirm", "test", "--confirm-data", "x"}, "name one of them");
  refused({"--max-loss", "1", "--confirm-data", "set.jsonl", "--metric", "bleu"},
          "--metric bleu: is not measured here");
  refused({"--max-loss", "1", "--confirm-data", "set.jsonl", "--confirm-reference", "set.jsonl"},
          "--confirm-reference: is for translation models");
  refused({"--max-loss", "1", "--confirm-data", "none.jsonl"}, "the confirm set: none.jsonl");
  refused({"--max-loss", "1", "--confirm-data", "set.jsonl", "--least", "joules"},
          "--least joules: must be macs, rows, energy:ACCELERATOR or seconds:ACCELERATOR");
  refused({"--max-loss", "1", "--confirm-data", "set.jsonl", "--least", "rows"},
          "--least rows: only a beam search has rows");
  refused({"--max-loss", "1", "--confirm-data", "set.jsonl", "--resamples", "300"},
          "--resamples 300: too few for --confidence 0.95; take at least 400");
  refused({"--max-loss", "1", "--confirm-data", "set.jsonl", "--resume"},
          "holds no calibration that --resume could go on with");
}

TEST(Calibrate, RefusesInputsThatItWouldReplace) {
  const SmallSweep small;
  ASSERT_EQ(edgeval(calibration("out", kGenerous), small.path()).code, 0);
  small.file("out/profile.json", "{}");
  const Files before = files_of(small.path() / "out");
  const auto refused = [&](const std::string& file, Arguments words) {
    words = joined(words, {"--resume"});
    EXPECT_TRUE(is_refusal(edgeval(words, small.path()), "--out would replace out/" + file));
    EXPECT_EQ(files_of(small.path() / "out"), before) << file;
  };
  for (const char* file : {"best.yaml", "calibration.json", "policy.yaml", "points.csv"}) {
    Arguments words = calibration("out", kGenerous);
    *std::ranges::find(words, "p.yaml") = std::string("out/") + file;
    refused(file, words);
  }
  refused("profile.json", calibration("out", joined(kGenerous, {"--profile", "out/profile.json"})));
  refused("points.jsonl", calibration("out", {"--max-loss", "1", "--confirm-data", "set.jsonl",
                                              "--confirm-reference", "out/points.jsonl"}));
}

// The first look stays the first, and the second the second, whatever comes and goes beside them.
TEST(Calibrate, KeepsWhatItFoundOfALookBefore) {
  const SmallSweep small;
  const auto report = [&](const std::string& out, const Arguments& more) {
    EXPECT_EQ(edgeval(calibration(out, joined(kGenerous, more)), small.path()).code, 0);
    return read_file(small.path() / out / "calibration.json");
  };
  const std::string first = report("first", {}), second = report("second", {"--seed", "1"});
  EXPECT_EQ(first.find("looked at before"), std::string::npos);
  EXPECT_NE(second.find("looked at before with this model, in first/confirm, first/development"),
            std::string::npos);
  EXPECT_EQ(report("first", {"--resume"}), first);
  std::filesystem::remove_all(small.path() / "first");
  EXPECT_EQ(report("second", {"--seed", "1", "--resume"}), second);
}

TEST(Calibrate, OpensNoConfirmSetWithoutACandidate) {
  const OwnWords small;
  // Nothing moves by as much, so that every step has the inputs of the first.
  const CommandResult result =
      edgeval({"calibrate",      "--quiet",
               "--model",        "model.safetensors",
               "--data",         "own.jsonl",
               "--policy",       "p.yaml",
               "--vary",         "operand.threshold_x,operand.threshold_h=1000:2000",
               "--points",       "4",
               "--max-loss",     "0",
               "--confirm-data", "set.jsonl",
               "--least",        "macs",
               "--out",          "out"},
              small.path());
  ASSERT_EQ(result.code, 0) << result.err;
  EXPECT_NE(result.out.find("set.jsonl (5 utterances) was not opened"), std::string::npos)
      << result.out;
  EXPECT_FALSE(std::filesystem::exists(small.path() / "out/confirm"));
}

TEST(Calibrate, WarnsOfUtterancesThatBothSetsHave) {
  const SmallSweep small;
  const std::string all = read_file(small.path() / "set.jsonl");
  small.file("four.jsonl", all.substr(0, all.rfind('{')));
  const CommandResult result = edgeval(
      calibration("out", {"--max-loss", "100000", "--confirm-data", "four.jsonl"}), small.path());
  ASSERT_EQ(result.code, 0) << result.err;
  EXPECT_NE(result.out.find("the development set has 4 of the 4 utterances of the confirm set"),
            std::string::npos)
      << result.out;
}

TEST(Calibrate, WarnsWhereAnotherFolderShowsThatTheConfirmSetWasOpened) {
  const SmallSweep small;
  ASSERT_EQ(edgeval(calibration("first", kGenerous), small.path()).code, 0);
  const CommandResult again =
      edgeval(calibration("second", joined(kGenerous, {"--seed", "1"})), small.path());
  ASSERT_EQ(again.code, 0) << again.err;
  EXPECT_NE(again.out.find("looked at before"), std::string::npos);
}

}  // namespace
}  // namespace edgeval::test
