// Runs `edgeval sweep` as a user would. Its points must be what `edgeval run` makes of each alone,
// and its files the same bytes however it runs and however often it was stopped.
#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <random>
#include <set>
#include <sstream>

#include "tests/eval/command/swept_folder.hpp"
#include "tests/support/stored_run.hpp"

namespace edgeval::test {
namespace {

using Json = nlohmann::json;

const Arguments kSpoken{"--model", spoken_model(), "--data", spoken_data(), "--limit", "6"};

// Compares a row of points.csv with the report of a run.
void expect_row_of(const Row& row, const Json& report) {
  const auto number = [&](const std::string& column) { return std::stod(row.at(column)); };
  for (const auto& [name, metric] : report.at("quality").items()) {
    if (!metric.is_object() || !metric.contains("ci95")) continue;
    EXPECT_EQ(number(name), metric.at("value").get<double>()) << name;
    EXPECT_EQ(number(name + "_low"), metric.at("ci95")[0].get<double>()) << name;
    EXPECT_EQ(number(name + "_high"), metric.at("ci95")[1].get<double>()) << name;
    if (!metric.contains("substitutions")) continue;
    for (const char* kind : {"errors", "substitutions", "deletions", "insertions"})
      EXPECT_EQ(number(name + "_" + kind), metric.at(kind).get<double>()) << name << ' ' << kind;
  }
  const Json& totals = report.at("activity").at("totals");
  for (const char* count : {"steps", "steps_run", "steps_skipped", "steps_pseudo"})
    EXPECT_EQ(number(count), totals.at(count).get<double>()) << count;
  double macs = 0;
  for (const auto& [width, count] : totals.at("macs").items()) macs += count.get<double>();
  EXPECT_EQ(number("macs"), macs);
  int accelerators = 0;  // a sweep has those that can price all of its points
  for (const Json& energy : report.at("energy")) {
    const auto name = energy.at("accelerator").get<std::string>();
    if (!row.contains(name + "_joules")) continue;
    ++accelerators;
    for (const char* part : {"joules", "joules_dense", "ratio", "seconds"})
      EXPECT_EQ(number(name + "_" + part), energy.at(part).get<double>()) << name << ' ' << part;
  }
  EXPECT_GE(accelerators, 1);
  if (report.at("activity").contains("decoder")) {
    for (const char* part : {"rows", "rows_live", "average_beam_width"})
      EXPECT_EQ(number(part), report.at("activity").at("decoder").at(part).get<double>()) << part;
  }
}

// The points of each front of fronts.csv must be those that no other point of points.csv beats.
void expect_fronts_of(const std::vector<Row>& points, const std::vector<Row>& fronts,
                      const std::string& metric, double sign) {
  std::map<std::string, std::set<std::string>> found;
  for (const Row& row : fronts) {
    EXPECT_TRUE(found[row.at("cost")].insert(row.at("point")).second);
    const Row& point = *std::ranges::find(points, row.at("point"),
                                          [](const Row& each) { return each.at("point"); });
    EXPECT_EQ(row.at("value_of_cost"), point.at(row.at("cost")));
    EXPECT_EQ(row.at(metric), point.at(metric));
  }
  for (const auto& [cost, on_front] : found)
    for (const Row& point : points) {
      const auto values = [&](const Row& row) {
        return std::pair(std::stod(row.at(cost)), sign * std::stod(row.at(metric)));
      };
      const auto [x, y] = values(point);
      bool beaten = false, equal = false;  // by a point, or to one that came before
      for (const Row& other : points) {
        const auto [u, v] = values(other);
        beaten = beaten || (u <= x && v <= y && (u < x || v < y));
        equal = equal || (u == x && v == y && &other < &point);
      }
      EXPECT_EQ(on_front.contains(point.at("point")), !beaten && !equal)
          << cost << ' ' << point.at("point");
    }
  EXPECT_TRUE(found.contains("macs"));
}

TEST(Sweep, MakesOfEveryPointWhatARunMakesOfIt) {
  const TemporaryFolder folder;
  const CommandResult swept =
      edgeval(joined({"sweep"}, kSpoken,
                     {"--policy", spoken_data() + "/skip_delta.yaml", "--vary",
                      "plan.threshold=0.5:0.9", "--vary", "operand.type=as_is,delta", "--set",
                      "operand.threshold_x=0.2", "--points", "4", "--block", "2"}),
              folder.path());
  ASSERT_EQ(swept.code, 0) << swept.err;
  const std::filesystem::path sweep = folder.path() / "sweep";
  const std::vector<Row> rows = csv(sweep / "points.csv");
  ASSERT_EQ(rows.size(), 5u);
  for (const char* point : {"1", "2", "4"}) {
    SCOPED_TRACE(point);
    const Row& row = rows.at(std::stoul(point) - 1);
    EXPECT_EQ(row.at("point"), point);
    const StoredRun run =
        stored_run(joined({"run"}, kSpoken, {"--policy", sweep.string() + ":" + point}));
    expect_row_of(row, run.report);
    EXPECT_EQ(std::stod(row.at("macs_dense")),
              run.report.at("activity").at("totals").at("macs_dense").get<double>());
    EXPECT_EQ(row.at("operand.type"), run.report.at("policy").at("operand").at("type"));
  }
  EXPECT_EQ(rows.back().at("point"), "dense");
  expect_row_of(rows.back(), stored_run(joined({"run"}, kSpoken)).report);
  expect_fronts_of(rows, csv(sweep / "fronts.csv"), "wer", 1);
}

TEST(Sweep, OfTranslationsHasAReferenceForEachWidth) {
  const TemporaryFolder folder;
  folder.file("p.yaml",
              "layers: {decoder1: {operand: {type: delta, threshold_x: 0, threshold_h: 0.2}}}\n");
  const Arguments captions = joined(kCaptions, {"--reference", captions_file("captions.de")});
  const CommandResult swept = edgeval(
      joined({"sweep"}, captions,
             {"--vary", "beam.width=1,3", "--vary", "layers.decoder1.operand.threshold_x=0.1,0.5",
              "--policy", "p.yaml", "--draw", "grid", "--block", "3", "--format", "json"}),
      folder.path());
  ASSERT_EQ(swept.code, 0) << swept.err;
  const std::filesystem::path sweep = folder.path() / "sweep";
  const std::vector<Row> rows = csv(sweep / "points.csv");
  std::vector<std::string> names;
  for (const Row& row : rows) names.push_back(row.at("point"));
  EXPECT_EQ(names, (std::vector<std::string>{"1", "2", "3", "4", "dense 1", "dense 3"}));
  for (const std::size_t p : {1, 2}) {
    const StoredRun run = stored_run(
        joined({"run"}, captions, {"--policy", sweep.string() + ":" + std::to_string(p + 1)}));
    expect_row_of(rows[p], run.report);
  }
  expect_row_of(rows[4], stored_run(joined({"run"}, captions, {"--set", "beam.width=1"})).report);
  expect_row_of(rows[5], stored_run(joined({"run"}, captions, {"--set", "beam.width=3"})).report);
  const std::vector<Row> fronts = csv(sweep / "fronts.csv");
  expect_fronts_of(rows, fronts, "bleu", -1);
  // What is printed for programs are the same fronts.
  std::map<std::string, std::vector<Json>> expected;
  for (const Row& row : fronts)
    expected[row.at("cost")].push_back({{"point", row.at("point")},
                                        {"value_of_cost", std::stod(row.at("value_of_cost"))},
                                        {"bleu", std::stod(row.at("bleu"))},
                                        {"against_dense", std::stod(row.at("against_dense"))}});
  EXPECT_EQ(Json::parse(swept.out).at("fronts"), Json(expected));
  // A point is compared with the dense run of its own width.
  for (const Row& row : fronts) {
    const bool is_wide = std::set<std::string>{"3", "4", "dense 3"}.contains(row.at("point"));
    EXPECT_EQ(std::stod(row.at("against_dense")),
              std::stod(row.at("bleu")) - std::stod(rows[is_wide ? 5 : 4].at("bleu")));
  }
  EXPECT_EQ(Json::parse(swept.out).at("points"), 4);
}

TEST(Sweep, OfTranslationsWithoutReferencesPricesThem) {
  const TemporaryFolder folder;
  const CommandResult swept = edgeval(
      joined({"sweep"}, kCaptions, {"--vary", "beam.width=1,2", "--draw", "grid"}), folder.path());
  ASSERT_EQ(swept.code, 0) << swept.err;
  EXPECT_NE(swept.out.find("no reference given"), std::string::npos);
  const std::vector<Row> rows = csv(folder.path() / "sweep/points.csv");
  ASSERT_EQ(rows.size(), 4u);
  EXPECT_FALSE(rows[0].contains("bleu"));
  const StoredRun run = stored_run(
      joined({"run"}, kCaptions, {"--policy", (folder.path() / "sweep").string() + ":2"}));
  expect_row_of(rows[1], run.report);
  EXPECT_TRUE(csv(folder.path() / "sweep/fronts.csv").empty());
}

// The dense network in fp32 has no price on accelerators of integers; the points have.
TEST(Sweep, OfIntegersLeavesThePriceOfTheReferenceOpen) {
  const SmallSweep small;
  const CommandResult swept = small.run({"--set", "arithmetic.type=int8", "--set",
                                         "arithmetic.input_bits=5", "--hardware", "similarity65"});
  ASSERT_EQ(swept.code, 0) << swept.err;
  const std::vector<Row> rows = csv(small / "sweep/points.csv");
  EXPECT_EQ(rows.back().at("point"), "dense");
  for (const char* part : {"_joules", "_joules_dense", "_ratio", "_seconds"}) {
    EXPECT_EQ(rows.back().at(std::string("similarity65") + part), "") << part;
    EXPECT_GT(std::stod(rows[0].at(std::string("similarity65") + part)), 0) << part;
  }
  for (const Row& row : csv(small / "sweep/fronts.csv"))
    EXPECT_TRUE(row.at("point") != "dense" || row.at("cost") == "macs");
}

TEST(Sweep, WritesTheSameBytesHoweverItRuns) {
  const SmallSweep small;
  ASSERT_EQ(small.run({}).code, 0);
  const Files expected = tables(small / "sweep");
  ASSERT_EQ(expected.size(), 4u);
  int n = 0;
  for (const Arguments& more : {Arguments{"--threads", "1"},
                                {"--threads", "2", "--batch", "1"},
                                {"--batch", "2"},
                                {"--block", "1"},
                                {"--block", "99", "--batch", "3"}}) {
    const std::string out = "out" + std::to_string(n++);
    const CommandResult swept = small.run(joined({"--out", out}, more));
    EXPECT_EQ(swept.code, 0) << swept.err;
    EXPECT_EQ(tables(small / out), expected) << separated(more);
    if (more.front() != "--block") {
      EXPECT_EQ(sorted_lines(small / out / "journal/1.jsonl"),
                sorted_lines(small / "sweep/journal/1.jsonl"));
    }
  }
  EXPECT_EQ(small.run({"--resume"}).code, 0);  // with nothing left to do
  EXPECT_EQ(tables(small / "sweep"), expected);
}

TEST(Sweep, MayGiveWhatThePolicyLacks) {
  const SmallSweep small;
  small.file("open.yaml", "operand: {type: delta}\n");
  ASSERT_EQ(small.run({}).code, 0);
  const CommandResult swept = small.run({"--policy", "open.yaml", "--out", "open"});
  ASSERT_EQ(swept.code, 0) << swept.err;
  EXPECT_EQ(csv(small / "open/points.csv"), csv(small / "sweep/points.csv"));
  const CommandResult run = edgeval({"run", "--quiet", "--model", "model.safetensors", "--data",
                                     "set.jsonl", "--policy", "open:2"},
                                    small.path());
  EXPECT_EQ(run.code, 0) << run.err;
}

TEST(Sweep, TellsHowManyPointsDiffer) {
  const SmallSweep small;
  const CommandResult planned =
      small.run({"--dry-run"}, {"--vary", "operand.threshold_x=0.1,0.2", "--points", "8"});
  EXPECT_EQ(planned.code, 0) << planned.err;
  EXPECT_NE(planned.out.find("only 2 of the 8 points differ; the others repeat them\n"),
            std::string::npos)
      << planned.out;
  EXPECT_EQ(small.run({"--dry-run"}).out.find("differ"), std::string::npos);
}

TEST(Sweep, GoesOnFromAJournalThatWasCutAnywhere) {
  const SmallSweep small;
  ASSERT_EQ(small.run({}).code, 0);
  const Files expected = tables(small / "sweep");
  const std::filesystem::path journal = small / "sweep/journal/1.jsonl";
  const std::string text = read_file(journal);
  const std::multiset<std::string> lines = sorted_lines(journal);
  std::mt19937 random(1);
  for (int round = 0; round < 12; ++round) {
    std::string left = text.substr(0, random() % text.size());
    if (round % 2 == 1) left.erase(left.rfind('\n') + 1);  // a whole number of lines
    if (round == 0) left.clear();
    std::ofstream(journal, std::ios::binary | std::ios::trunc) << left;
    for (const char* file : {"points.csv", "fronts.csv", "points.jsonl"})
      if (round % 3 == 0) std::filesystem::remove(small / "sweep" / file);
    const CommandResult swept = small.run({"--resume"});
    EXPECT_EQ(swept.code, 0) << swept.err;
    EXPECT_EQ(tables(small / "sweep"), expected) << left.size();
    EXPECT_EQ(sorted_lines(journal), lines) << left.size();  // none is lost and none doubled
  }
}

TEST(Sweep, GoesOnFromJournalsOfWhichAnyLinesAreMissing) {
  const SmallSweep small;
  ASSERT_EQ(small.run({}).code, 0);
  const Files expected = tables(small / "sweep");
  const std::filesystem::path journal = small / "sweep/journal/1.jsonl";
  const std::multiset<std::string> lines = sorted_lines(journal);
  std::istringstream text(read_file(journal));
  std::ofstream first(journal, std::ios::trunc), second(small / "sweep/journal/b.jsonl");
  int n = 0;
  for (std::string line; std::getline(text, line); ++n) {
    if (n == 0 || n % 3 == 1) first << line << "\n";
    if (n == 0 || n % 4 == 1) second << line << "\n";  // some are in both
  }
  first.close(), second.close();
  const CommandResult swept = small.run({"--resume"});
  EXPECT_EQ(swept.code, 0) << swept.err;
  EXPECT_EQ(tables(small / "sweep"), expected);
  std::multiset<std::string> both = sorted_lines(journal);
  both.merge(sorted_lines(small / "sweep/journal/b.jsonl"));
  EXPECT_EQ(std::set(both.begin(), both.end()), std::set(lines.begin(), lines.end()));
}

// A process that was killed before it made the folder of the journal begins anew; one that was
// killed later, before it wrote the other files, goes on.
TEST(Sweep, GoesOnFromAFolderThatHasHardlyAnything) {
  const SmallSweep small;
  ASSERT_EQ(small.run({}).code, 0);
  const Files expected = tables(small / "sweep");
  std::filesystem::create_directory(small / "empty");
  std::filesystem::create_directories(small / "begun/journal");
  EXPECT_EQ(small.run({"--out", "empty"}).code, 0);
  EXPECT_EQ(small.run({"--out", "begun", "--resume"}).code, 0);
  for (const char* folder : {"empty", "begun"}) EXPECT_EQ(tables(small / folder), expected);
}

TEST(Sweep, ReadsItsPointsBackAsAList) {
  const SmallSweep small;
  ASSERT_EQ(small.run({}).code, 0);
  const CommandResult listed = small.run({"--list", "sweep/points.jsonl", "--out", "listed"}, {});
  ASSERT_EQ(listed.code, 0) << listed.err;
  EXPECT_EQ(tables(small / "listed"), tables(small / "sweep"));
  // In another order the points have other numbers and are the same but for that.
  std::istringstream lines(read_file(small / "sweep/points.jsonl"));
  std::string reversed;
  for (std::string line; std::getline(lines, line);) reversed = line + "\n" + reversed;
  small.file("reversed.jsonl", reversed);
  ASSERT_EQ(small.run({"--list", "reversed.jsonl", "--out", "reversed"}, {}).code, 0);
  const auto rows = [&](const std::string& folder) {
    std::multiset<Row> all;
    for (Row row : csv(small / folder / "points.csv")) {
      row.erase("point");
      all.insert(row);
    }
    return all;
  };
  EXPECT_EQ(rows("reversed"), rows("sweep"));
}

TEST(Sweep, ReadsBackValuesOfEveryKind) {
  const SmallSweep small;
  small.file("list.jsonl",
             "{\"operand.type\": \"reuse\", \"operand.range\": [-1, 1], \"operand.clusters\": 8}\n"
             "{\"layers.\\\"lstm1\\\".operand\": {\"type\": \"as_is\"}}\n{}\n");
  ASSERT_EQ(small.run({"--list", "list.jsonl"}, {}).code, 0);
  ASSERT_EQ(small.run({"--list", "sweep/points.jsonl", "--out", "again"}, {}).code, 0);
  EXPECT_EQ(tables(small / "again"), tables(small / "sweep"));
  const std::vector<Row> rows = csv(small / "sweep/points.csv");
  for (const char* point : {"1", "2", "3"}) {
    const CommandResult run =
        edgeval({"run", "--model", "model.safetensors", "--data", "set.jsonl", "--policy",
                 std::string("sweep:") + point, "--format", "json", "--out", point},
                small.path());
    ASSERT_EQ(run.code, 0) << run.err;
    expect_row_of(rows.at(std::stoul(point) - 1),
                  Json::parse(read_file(small / point / "report.json")));
  }
}

TEST(Sweep, SaysWhatItWouldTakeAndWritesNothing) {
  const SmallSweep small;
  const Files before = files_of(small.path());
  const CommandResult dry = small.run({"--dry-run"});
  EXPECT_EQ(dry.code, 0) << dry.err;
  EXPECT_EQ(dry.out.find("6 points and the dense network on 5 utterances in 3 blocks; CPU"), 0u)
      << dry.out;
  EXPECT_EQ(files_of(small.path()), before);
  EXPECT_FALSE(std::filesystem::exists(small / "sweep"));
  ASSERT_EQ(small.run({}).code, 0);
  const Files swept = files_of(small.path());
  const CommandResult again = small.run({"--dry-run", "--resume"});
  EXPECT_NE(again.out.find("21 of 21 results are in the journal"), std::string::npos) << again.out;
  EXPECT_EQ(files_of(small.path()), swept);
}

TEST(Sweep, WithoutAReferenceHasThePointsAlone) {
  const SmallSweep small;
  ASSERT_EQ(small.run({}).code, 0);
  ASSERT_EQ(small.run({"--no-reference", "--out", "alone"}).code, 0);
  std::vector<Row> both = csv(small / "sweep/points.csv"), alone = csv(small / "alone/points.csv");
  ASSERT_EQ(alone.size() + 1, both.size());
  for (std::size_t p = 0; p < alone.size(); ++p) EXPECT_EQ(alone[p], both[p]);
}

}  // namespace
}  // namespace edgeval::test
