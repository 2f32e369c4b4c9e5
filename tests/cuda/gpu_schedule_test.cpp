// A schedule runs every layer once for all points that agree up to it, keeps what is still needed,
// and takes no more memory than the depth of a model asks for.
#include "cuda/schedule.hpp"

#include <gtest/gtest.h>

#include <numeric>
#include <set>

#include "tests/support/relatives.hpp"

namespace edgeval::test {
namespace {

std::vector<Index> all_of(const std::vector<OperatingPoint>& points) {
  std::vector<Index> all(points.size());
  std::iota(all.begin(), all.end(), Index{0});
  return all;
}

gpu::Schedule schedule_of(const std::vector<OperatingPoint>& points,
                          const gpu::ScheduleOptions& options) {
  return make_schedule(points, LayerChoices(points, options.layers), all_of(points), options);
}

// Follows a schedule and expects that each stage finds its input in its slot, that the spare slot
// holds nothing that is read later, and that each point comes out of the last layer once, behind
// its own choices.
void expect_right(const gpu::Schedule& schedule, const std::vector<OperatingPoint>& points,
                  std::size_t layers) {
  using Branches = std::vector<std::vector<Index>>;
  std::map<Index, std::pair<std::size_t, Branches>> slots;  // layers behind it, points of branches
  slots[0] = {0, {all_of(points)}};
  std::multiset<Index> delivered;
  for (const gpu::Stage& stage : schedule.stages) {
    ASSERT_NE(stage.input, stage.output);
    ASSERT_LT(std::max(stage.input, stage.output), schedule.slots);
    ASSERT_LE(std::ssize(stage.shoots), schedule.side_by_side);
    const auto layer = static_cast<std::size_t>(stage.layer);
    ASSERT_EQ(slots[stage.input].first, layer);
    const Branches before = slots[stage.input].second;
    Branches after;
    for (const gpu::Shoot& shoot : stage.shoots) {
      const std::vector<Index>& from = before.at(static_cast<std::size_t>(shoot.from));
      for (const Index point : shoot.points) {
        EXPECT_TRUE(std::ranges::find(from, point) != from.end());
        EXPECT_TRUE(points[point].layers[layer] == points[shoot.points.front()].layers[layer]);
      }
      after.push_back(shoot.points);
      if (layer + 1 == layers) delivered.insert(shoot.points.begin(), shoot.points.end());
    }
    slots[stage.output] = {layer + 1, after};
    if (layer + 1 == layers) {
      ASSERT_NE(stage.spare, stage.output);
      slots.erase(stage.spare);
    }
  }
  const std::vector<Index> all = all_of(points);
  EXPECT_TRUE(std::ranges::equal(delivered, all));
}

// Returns how many different choices points make for the layers up to `layer`.
std::size_t different(const std::vector<OperatingPoint>& points, std::size_t layer) {
  std::set<std::vector<std::vector<double>>> choices;
  for (const OperatingPoint& point : points) {
    std::vector<std::vector<double>> numbers;
    for (std::size_t l = 0; l <= layer; ++l) numbers.push_back(policy_numbers(point.layers[l]));
    choices.insert(numbers);
  }
  return choices.size();
}

TEST(GpuSchedule, RunsALayerOnceForAllPointsThatAgreeUpToIt) {
  Random random(1);
  const Model model = model_of_relatives();
  const std::size_t layers = model.layers.size();
  for (const Kind kind : {Kind::kDelta, Kind::kMixed})
    for (const Index side_by_side : {1, 3, 1000}) {
      const std::vector<OperatingPoint> points = relatives(random, model, kind, 60);
      const gpu::Schedule schedule =
          schedule_of(points, {.layers = layers, .most_side_by_side = side_by_side, .spare = true});
      EXPECT_LE(schedule.side_by_side, side_by_side);
      ASSERT_NO_FATAL_FAILURE(expect_right(schedule, points, layers));
      std::vector<std::size_t> shoots(layers);
      for (const gpu::Stage& stage : schedule.stages) shoots[stage.layer] += stage.shoots.size();
      for (std::size_t layer = 0; layer < layers; ++layer)
        EXPECT_EQ(shoots[layer], different(points, layer));
    }
}

TEST(GpuSchedule, TakesSlotsByTheDepthOfAModelNotByTheNumberOfPoints) {
  Random random(2);
  const Model model = model_of_relatives();
  const std::size_t layers = model.layers.size();
  for (const int count : {1, 10, 300}) {
    const std::vector<OperatingPoint> points = relatives(random, model, Kind::kMixed, count);
    for (const bool spare : {false, true}) {
      const gpu::Schedule schedule = schedule_of(points, {.layers = layers, .spare = spare});
      const Index most = count == 1 ? 2 : static_cast<Index>(layers) + (spare ? 2 : 1);
      EXPECT_LE(schedule.slots, most);
    }
  }
}

// Lanes side by side may differ in the parameters of their rules and thresholds, but not in what a
// kernel is compiled for, nor in the score of a plan.
TEST(GpuSchedule, PutsPointsSideBySideThatDifferInRulesAlone) {
  const Model model = random_model({.inputs = 3, .lstm = {{2, kForwardOnly}}, .outputs = 0}, 1);
  std::vector<OperatingPoint> points;
  const auto add = [&](const LayerPolicy& policy) { points.push_back({{policy}}); };
  add({.plan = EveryStep{}, .operand = Delta{.threshold_x = 0.1}});
  add({.plan = EveryStep{}, .operand = Delta{.threshold_x = 0.2}});
  add({.plan = EveryStep{}, .operand = Delta{}, .arithmetic = Int8{{.input_bits = 5}}});
  add({.plan = SimilaritySkip{.threshold = 0.3, .fraction_bits = 9}, .operand = Delta{}});
  add({.plan = SimilaritySkip{.threshold = 0.5, .fraction_bits = 9}, .operand = Delta{}});
  add({.plan = SimilaritySkip{.threshold = 0.5, .fraction_bits = 8}, .operand = Delta{}});
  add({.plan = EveryStep{}, .operand = AsIs{}});
  const gpu::Schedule schedule = schedule_of(points, {.layers = 1, .most_side_by_side = 10});
  std::vector<std::vector<Index>> together;
  for (const gpu::Stage& stage : schedule.stages) {
    std::vector<Index>& of_stage = together.emplace_back();
    for (const gpu::Shoot& shoot : stage.shoots) of_stage.push_back(shoot.points.front());
  }
  EXPECT_EQ(together, (std::vector<std::vector<Index>>{{0, 1}, {2}, {3, 4}, {5}, {6}}));
}

}  // namespace
}  // namespace edgeval::test
