// One call for many points gives what one call for each point gives, and only what was wanted.
#include "host/body/greatest.hpp"
#include "host/engine/shared_layers.hpp"
#include "tests/support/borrowed.hpp"
#include "tests/support/points.hpp"
#include "tests/support/relatives.hpp"

namespace edgeval::test {
namespace {

TEST(EnginePoints, InOneCallGiveWhatEachGivesAlone) {
  Random random(5);
  const Model model = random_model(
      {.inputs = 7, .lstm = {{9, kBothDirections}, {6, kForwardOnly}}, .outputs = 5}, 5);
  const Ragged<float> features = random_batch(random, {33, 0, 1, 32, 31}, 7);
  std::vector<OperatingPoint> points;
  for (Kind kind : kKinds) points.push_back(random_point(random, model, kind));
  for (int threads : {1, 3})
    expect_points_as_alone(*make_cpu_engine(borrowed(model), {.threads = threads}), features,
                           points);
}

TEST(EnginePoints, FinalStatesAreTheOutputsOfTheLastSteps) {
  Random random(6);
  const Model model = random_model({.inputs = 4, .lstm = {{8, kBothDirections}}, .outputs = 0}, 6);
  const Ragged<float> features = random_batch(random, {5, 0, 12, 1}, 4);
  const BatchResult result =
      make_cpu_engine(borrowed(model), {})
          ->run(features, dense_point(model), {.outputs = true, .final_states = true});
  expect_last_states(model, result, 0, result.outputs);
}

TEST(EnginePoints, OfEqualOutputsTheFirstIsTheGreatest) {
  const std::vector<std::vector<float>> rows{{1, 1, 1}, {0, 2, 2}, {-1, -2, -1}, {-3, -2, -1}};
  const std::vector<std::int32_t> places{0, 1, 0, 2};
  for (std::size_t r = 0; r < rows.size(); ++r)
    EXPECT_EQ(first_greatest(rows[r].data(), 3), places[r]);
}

class Relatives : public testing::TestWithParam<Kind> {
 protected:
  void expect_as_alone(const std::vector<OperatingPoint>& points) {
    const Ragged<float> features = random_batch(random_, {33, 0, 1, 32, 31, 7}, 7);
    for (int threads : {1, 3})
      expect_points_as_alone(*make_cpu_engine(borrowed(model_), {.threads = threads}), features,
                             points);
  }
  Random random_{static_cast<std::uint64_t>(40 + static_cast<int>(GetParam()))};
  const Model model_ = model_of_relatives();
};
INSTANTIATE_TEST_SUITE_P(EnginePoints, Relatives, testing::ValuesIn(kKinds),
                         [](const auto& info) { return std::string(name(info.param)); });

TEST_P(Relatives, GiveWhatEachGivesAlone) {
  expect_as_alone(relatives(random_, model_, GetParam(), 24));
}

TEST_P(Relatives, GiveWhatEachGivesAloneInIntegers) {
  expect_as_alone(integer_relatives(random_, model_, GetParam(), 24));
}

// Operands that select, and pseudo-skips, run side by side only where all their parameters agree.
TEST(EnginePoints, OfSelectingOperandsAndPseudoSkipsGiveWhatEachGivesAlone) {
  Random random(7);
  const Model model = random_model(
      {.inputs = 7, .lstm = {{9, kBothDirections}, {6, kForwardOnly}}, .outputs = 5}, 5);
  const Ragged<float> features = random_batch(random, {20, 9, 31}, 7);
  expect_points_as_alone(*make_cpu_engine(borrowed(model), {.threads = 2}), features,
                         selecting_points(model));
}

// Points that make the same choices up to a layer are one part there, whatever comes later.
TEST(LayerChoices, PartPointsByWhatTheyChoose) {
  const Model model =
      random_model({.inputs = 3, .lstm = {{2, kForwardOnly}, {2, kForwardOnly}}}, 1);
  std::vector<OperatingPoint> points(5, dense_point(model));
  points[1].layers[0].operand = Delta{};
  points[2].layers[1].plan = SimilaritySkip{.fraction_bits = 12};
  points[3].layers[0].operand = Delta{};
  points[4].layers[0].operand = Delta{.threshold_x = 0.25};
  const LayerChoices choices(points, 2);
  using Parts = std::vector<std::vector<Index>>;
  const std::vector<Index> all{0, 1, 2, 3, 4}, some{4, 2, 1};
  EXPECT_EQ(choices.parts(all, 0), (Parts{{0, 2}, {1, 3}, {4}}));
  EXPECT_EQ(choices.parts(all, 1), (Parts{{0, 1, 3, 4}, {2}}));
  EXPECT_EQ(choices.parts(some, 0), (Parts{{4}, {2}, {1}}));
}

}  // namespace
}  // namespace edgeval::test
