// Compares the facts about P1's score (eval/task/similarity.hpp) with a slow form that compares
// every pair of steps and sums in the order of the definition. Runs the command on the set that
// ships.
#include "eval/task/similarity.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>
#include <numeric>

#include "host/engine/sequence/packing.hpp"
#include "tests/support/borrowed.hpp"
#include "tests/support/cells.hpp"
#include "tests/support/command.hpp"
#include "tests/support/paths.hpp"
#include "tests/support/random_case.hpp"
#include "tests/support/safetensors.hpp"
#include "tests/support/temporary_folder.hpp"

namespace edgeval::test {
namespace {

constexpr SimilaritySkip kPlan{.shift = 10, .fraction_bits = 12};

// Returns P1's S, computed with floor in doubles.
double score(const float* now, const float* neighbour, Index width) {
  const auto code = [](float v) {
    return std::floor(
        std::min(std::max(std::ldexp(static_cast<double>(v), 12), -32768.0), 32767.0) + 0.5);
  };
  double active = 0, differing = 0, neighbour_active = 0;
  for (Index i = 0; i < width; ++i) {
    neighbour_active += code(neighbour[i]) != 0 ? 1 : 0;
    if (code(now[i]) == 0) continue;
    ++active;
    differing += std::floor(code(now[i]) / 1024) != std::floor(code(neighbour[i]) / 1024) ? 1 : 0;
  }
  return active == 0 ? (neighbour_active == 0 ? 1 : 0) : (active - differing) / active;
}

struct Slow {
  double steps = 0, redundant = 0, separation = 0;
  double error[kMostSkips] = {};
};

// A layer's direction: its outputs are `width` columns of the layer's, from `first` on.
struct Columns {
  Direction direction;
  Index first, width;
};

// Returns the facts about a direction of a network that consists of one layer.
Slow slow_facts(const Ragged<float>& features, const Ragged<float>& outputs,
                const Columns& columns) {
  struct Each {
    double score;
    bool redundant;
  };
  std::vector<Each> all;
  Slow slow;
  double runs[kMostSkips] = {};
  for (Index n = 0; n < features.sequences(); ++n) {
    const auto x = features.sequence(n), h = outputs.sequence(n);
    const auto best = [&](Index t) {
      return std::max_element(h.row(t), h.row(t) + h.cols) - h.row(t);
    };
    // The frame of each step.
    std::vector<Index> frames(static_cast<std::size_t>(x.rows));
    std::iota(frames.begin(), frames.end(), Index{0});
    if (columns.direction == Direction::kBackward) std::ranges::reverse(frames);
    for (std::size_t step = 1; step < frames.size(); ++step) {
      const Index before = frames[step - 1], now = frames[step];
      all.push_back({score(x.row(now), x.row(before), x.cols), best(now) == best(before)});
      for (std::size_t k = 1; k <= kMostSkips && step + k - 1 < frames.size(); ++k) {
        const Index last = frames[step + k - 1];
        double sum = 0;
        for (Index j = columns.first; j < columns.first + columns.width; ++j)
          sum += std::pow(static_cast<double>(h(last, j)) - static_cast<double>(h(before, j)), 2);
        slow.error[k - 1] += sum / static_cast<double>(columns.width);
        runs[k - 1] += 1;
      }
    }
  }
  for (int k = 0; k < kMostSkips; ++k) slow.error[k] /= runs[k];
  double pairs = 0;
  for (const Each& a : all)
    for (const Each& b : all) {
      if (!a.redundant || b.redundant) continue;
      ++pairs;
      slow.separation += a.score > b.score ? 1 : a.score == b.score ? 0.5 : 0;
    }
  slow.separation /= pairs;
  for (const Each& each : all) slow.redundant += each.redundant;
  slow.steps = static_cast<double>(all.size());
  return slow;
}

// Runs a batch of the dense network with the collector as observer.
void gather(SimilarityCollector& collector, const Model& model, Engine& engine,
            const Ragged<float>& features) {
  collector.add([&] { engine.run(features, dense_point(model), &collector); });
}

void expect_slow_facts(const SimilarityFacts& facts, const Slow& slow) {
  EXPECT_EQ(static_cast<double>(facts.steps), slow.steps);
  EXPECT_EQ(static_cast<double>(facts.redundant), slow.redundant);
  if (std::isnan(slow.separation))  // every step has the token of the one before it, or none has
    EXPECT_TRUE(std::isnan(facts.separation));
  else
    EXPECT_NEAR(facts.separation, slow.separation, 1e-6);
  for (int k = 0; k < kMostSkips; ++k)
    EXPECT_NEAR(facts.errors[static_cast<std::size_t>(k)].all, slow.error[k], 1e-6 * slow.error[k])
        << k;
}

class Similarity : public testing::TestWithParam<int> {};
INSTANTIATE_TEST_SUITE_P(Seeds, Similarity, testing::Range(0, 10));

TEST_P(Similarity, FactsAreThoseOfTheSlowForm) {
  Random random(static_cast<std::uint64_t>(40 + GetParam()));
  Model model = random_model(
      {.inputs = 7, .lstm = {{.cells = 4, .directions = {Direction::kBackward}}}, .outputs = 0},
      static_cast<std::uint64_t>(GetParam()));
  const Ragged<float> features = random_batch(random, {30, 1, 0, 17, 50}, 7);
  const std::unique_ptr<Engine> engine = make_cpu_engine(borrowed(model), {.threads = 1});
  SimilarityCollector collector(borrowed(model), {kPlan});
  gather(collector, model, *engine, slice(features, 0, 2));  // in two batches
  EXPECT_THROW(collector.add([&] {
    engine->run(slice(features, 2, 5), dense_point(model), &collector);
    throw std::bad_alloc();
  }),
               std::bad_alloc);  // an attempt that fails
  gather(collector, model, *engine, slice(features, 2, 5));
  const SimilarityFacts facts = collector.finish().at(0);
  expect_slow_facts(facts,
                    slow_facts(features, engine->run(features, dense_point(model), nullptr).outputs,
                               {Direction::kBackward, 0, 4}));
}

class SimilarityOfCells : public testing::TestWithParam<NamedCell> {};
INSTANTIATE_TEST_SUITE_P(EveryCell, SimilarityOfCells, testing::ValuesIn(every_cell()),
                         [](const auto& info) { return info.param.name; });

// A projection makes h narrower than the cells, or wider.
TEST_P(SimilarityOfCells, FactsOfBothDirectionsAreThoseOfTheSlowForm) {
  for (const Index projection : {2, 7}) {
    CellForm form = GetParam().form;
    if (form.projection > 0) form.projection = projection;
    const Index width = form.projection > 0 ? projection : 4;
    Random random(static_cast<std::uint64_t>(70 + projection));
    const Model model = random_model(
        {.inputs = 6,
         .lstm =
             {{.cells = 4, .directions = kBothDirections, .kind = GetParam().kind, .form = form}},
         .outputs = 0},
        5);
    const Ragged<float> features = random_batch(random, {30, 1, 17}, 6);
    const std::unique_ptr<Engine> engine = make_cpu_engine(borrowed(model), {.threads = 1});
    SimilarityCollector collector(borrowed(model), {kPlan});
    gather(collector, model, *engine, features);
    const std::vector<SimilarityFacts> facts = collector.finish();
    ASSERT_EQ(facts.size(), 2u);
    const Ragged<float> outputs = engine->run(features, dense_point(model), nullptr).outputs;
    expect_slow_facts(facts[0], slow_facts(features, outputs, {Direction::kForward, 0, width}));
    expect_slow_facts(facts[1],
                      slow_facts(features, outputs, {Direction::kBackward, width, width}));
  }
}

// With one input S is 0 or 1. Two of ten steps repeat the input, and only these are "similar".
TEST(Similarity, TheFifthIsTheStepsWithTheHighestScore) {
  const Model model = random_model({.inputs = 1, .lstm = {{.cells = 3}}, .outputs = 0}, 3);
  const std::vector<Index> lengths{11};
  Ragged<float> features(lengths, 1);
  const float values[] = {1, 2, 3, 3, 3, 1, 2, 1, 2, 1, 2};
  std::ranges::copy(values, features.values.data());
  SimilarityCollector collector(borrowed(model), {kPlan});
  const std::unique_ptr<Engine> engine = make_cpu_engine(borrowed(model), {.threads = 1});
  gather(collector, model, *engine, features);
  const SimilarityFacts facts = collector.finish().at(0);
  const Ragged<float> h = engine->run(features, dense_point(model), nullptr).outputs;
  const auto moved = [&](Index to, Index from) {
    double sum = 0;
    for (Index j = 0; j < 3; ++j)
      sum += std::pow(static_cast<double>(h.values(to, j)) - static_cast<double>(h.values(from, j)),
                      2);
    return sum / 3;
  };
  EXPECT_EQ(facts.steps, 10u);
  EXPECT_EQ(facts.cut, 1);
  EXPECT_EQ(facts.errors[0].runs, 2u);  // frames 3 and 4
  EXPECT_NEAR(facts.errors[0].similar, (moved(3, 2) + moved(4, 3)) / 2, 1e-7);
  EXPECT_EQ(facts.errors[1].runs, 1u);
  EXPECT_NEAR(facts.errors[1].similar, moved(4, 2), 1e-7);
  EXPECT_EQ(facts.errors[2].runs, 0u);
}

TEST(Similarity, OfTiesAtTheCutTakesTheMean) {
  const Model model = random_model({.inputs = 1, .lstm = {{.cells = 3}}, .outputs = 0}, 3);
  const std::vector<Index> lengths{11};
  Ragged<float> features(lengths, 1);
  std::ranges::fill(features.values.values(), 1.0F);  // S is 1 everywhere
  SimilarityCollector collector(borrowed(model), {kPlan});
  gather(collector, model, *make_cpu_engine(borrowed(model), {.threads = 1}), features);
  const SimilarityFacts facts = collector.finish().at(0);
  EXPECT_NEAR(facts.redundant_similar, static_cast<double>(facts.redundant) / 10, 1e-12);
  EXPECT_NEAR(facts.captured, 0.2, 1e-12);
}

TEST(SimilarityCommand, PrintsTheFactsOfTheShippedModelBesideThePapers) {
  const TemporaryFolder folder;
  const std::string model =
      (source_folder() / "datasets/spoken/speech-blstm3x128.safetensors").string();
  const std::string data = (source_folder() / "datasets/spoken").string(),
                    profile = data + "/profile.json";
  const std::string out = (folder.path() / "facts.json").string();
  const CommandResult result = edgeval({"similarity", "--model", model, "--data", data, "--profile",
                                        profile, "--limit", "5", "--quiet", "--out", out});
  ASSERT_EQ(result.code, 0) << result.err;
  EXPECT_NE(result.out.find("lstm3 backward"), std::string::npos);
  EXPECT_NE(result.out.find("0.031660"), std::string::npos);
  const nlohmann::json json = nlohmann::json::parse(read_file(out));
  ASSERT_EQ(json["layers"].size(), 6u);
  for (const auto& layer : json["layers"]) {
    EXPECT_GT(layer["steps"], 0);
    EXPECT_LT(layer["errors"][0]["similar"], layer["errors"][0]["all"]);
  }
}

TEST(SimilarityCommand, RefusesWhatItCannotUse) {
  const std::string model =
      (source_folder() / "datasets/spoken/speech-blstm3x128.safetensors").string();
  const std::string data = (source_folder() / "datasets/spoken").string();
  EXPECT_TRUE(is_refusal(edgeval({"similarity", "--model", model, "--data", data}),
                         "--profile is required"));
  EXPECT_TRUE(is_refusal(
      edgeval({"similarity", "--model", model, "--data", data, "--profile", "none.json"}),
      "none.json: no such file"));
  EXPECT_TRUE(is_refusal(edgeval({"similarity", "--model", model, "--data", data, "--profile",
                                  data + "/profile.json", "--shift", "16"}),
                         "--shift: 16 is out of range; it must be from 0 to 15"));
}

}  // namespace
}  // namespace edgeval::test
