// One call for many points gives what one call for each point gives, and only what was wanted.
#include "host/body/greatest.hpp"
#include "tests/support/borrowed.hpp"
#include "tests/support/points.hpp"
#include "tests/support/random_case.hpp"
#include "tests/support/safetensors.hpp"

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

}  // namespace
}  // namespace edgeval::test
