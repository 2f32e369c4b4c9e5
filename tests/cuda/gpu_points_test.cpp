// Many points in one call of the GPU engine give what each gives alone, where they share layers and
// where lanes of several points run side by side.
#include "tests/cuda/compare.hpp"
#include "tests/support/points.hpp"
#include "tests/support/relatives.hpp"

namespace edgeval::test {
namespace {

// On the stand-in a test takes fewer points, unless it takes all.
int count_of_points() { return takes_all_cases() ? 24 : 10; }

class GpuRelatives : public testing::TestWithParam<Kind> {
 protected:
  void expect_as_alone(const std::vector<OperatingPoint>& points) {
    const Ragged<float> features = random_batch(random_, {33, 0, 1, 32, 7}, 7);
    expect_points_as_alone(*gpu::make_engine(borrowed(model_), {}), features, points);
  }
  Random random_{static_cast<std::uint64_t>(60 + static_cast<int>(GetParam())) +
                 100 * standin_turn()};
  const Model model_ = model_of_relatives();
};
INSTANTIATE_TEST_SUITE_P(Kinds, GpuRelatives, testing::ValuesIn(kKinds),
                         [](const auto& of) { return std::string(name(of.param)); });

TEST_P(GpuRelatives, GiveWhatEachGivesAlone) {
  EDGEVAL_NEEDS_GPU();
  expect_as_alone(relatives(random_, model_, GetParam(), count_of_points()));
}

TEST_P(GpuRelatives, GiveWhatEachGivesAloneInIntegers) {
  EDGEVAL_NEEDS_GPU();
  expect_as_alone(integer_relatives(random_, model_, GetParam(), count_of_points()));
}

TEST(GpuPoints, OfSelectingOperandsAndPseudoSkipsGiveWhatEachGivesAlone) {
  EDGEVAL_NEEDS_GPU();
  Random random(7);
  const Model model = random_model(
      {.inputs = 7, .lstm = {{9, kBothDirections}, {6, kForwardOnly}}, .outputs = 5}, 5);
  const Ragged<float> features = random_batch(random, {20, 9, 31}, 7);
  expect_points_as_alone(*gpu::make_engine(borrowed(model), {}), features, selecting_points(model));
}

// All bits of an integer result are those of the CPU engine, final states among them.
TEST(GpuPoints, HaveTheResultsOfTheCpuEngineInIntegers) {
  EDGEVAL_NEEDS_GPU();
  Random random(8 + standin_turn());
  const Model model = model_of_relatives();
  const auto features =
      std::make_shared<Ragged<float>>(random_batch(random, {12, 40, 0, 33, 2}, 7));
  const std::vector<OperatingPoint> points =
      integer_relatives(random, model, Kind::kMixed, count_of_points());
  const Wanted wanted{.outputs = true, .final_states = true};
  OrderedResults gpu = results_of(*gpu::make_engine(borrowed(model), {}), features, points, wanted),
                 cpu = results_of(*make_cpu_engine(borrowed(model), {}), features, points, wanted);
  ASSERT_EQ(gpu.points(), std::ssize(points));
  for (Index p = 0; p < gpu.points(); ++p) {
    SCOPED_TRACE(p);
    const BatchResult &found = gpu.of(p), &expected = cpu.of(p);
    EXPECT_EQ(found.activity, expected.activity);
    EXPECT_TRUE(same_bits(found.outputs, expected.outputs));
    ASSERT_EQ(found.final_states.size(), expected.final_states.size());
    for (std::size_t l = 0; l < expected.final_states.size(); ++l) {
      ASSERT_EQ(found.final_states[l].size(), expected.final_states[l].size());
      for (std::size_t d = 0; d < expected.final_states[l].size(); ++d) {
        const FinalStates &a = found.final_states[l][d], &b = expected.final_states[l][d];
        EXPECT_TRUE(std::ranges::equal(a.h.values(), b.h.values()));
        EXPECT_TRUE(std::ranges::equal(a.c.values(), b.c.values()));
      }
    }
  }
}

TEST(GpuPoints, AreShownToAnObserverOneAfterTheOther) {
  EDGEVAL_NEEDS_GPU();
  Random random(9);
  const Model model = model_of_relatives();
  const auto features = std::make_shared<Ragged<float>>(random_batch(random, {5, 9}, 7));
  const std::vector<OperatingPoint> points = relatives(random, model, Kind::kSkip, 3);
  const std::unique_ptr<Engine> engine = gpu::make_engine(borrowed(model), {});
  Plans seen;
  OrderedResults results;
  engine->run(*engine->prepare(features), points, {}, results, &seen);
  ASSERT_EQ(seen.shapes.size(), points.size() * model.layers.size());
  for (std::size_t i = 0; i < seen.shapes.size(); ++i)
    EXPECT_EQ(seen.shapes[i][0], static_cast<Index>(i % model.layers.size()));
  EXPECT_EQ(results.points(), std::ssize(points));
}

}  // namespace
}  // namespace edgeval::test
