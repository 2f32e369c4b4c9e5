// Compares the GPU engine with the CPU engine on stacks of plain LSTM and linear layers.
#include "tests/cuda/compare.hpp"
#include "tests/support/borrowed.hpp"
#include "tests/support/points.hpp"

namespace edgeval::test {
namespace {

Case random_case(Kind kind, std::uint64_t seed, const std::vector<Index>& lengths) {
  Random random(seed);
  Case result{.model = random_stack(random), .point = {}, .features = {}};
  result.point = random_point(random, result.model, kind);
  result.features = random_batch(random, lengths, result.model.inputs());
  return result;
}

class GpuEngineTest : public testing::TestWithParam<Kind> {};

TEST_P(GpuEngineTest, DecidesAndComputesAsTheCpuEngine) {
  EDGEVAL_NEEDS_GPU();
  Decisions decisions;
  for (std::uint64_t seed : case_seeds(1, 40)) {
    SCOPED_TRACE(seed);
    decisions.compare(random_case(GetParam(), seed, seed % 4 == 0 ? many_lanes() : few_lanes()));
  }
  decisions.expect_few_differ();
  if (GetParam() == Kind::kDense) {
    EXPECT_EQ(decisions.differing(), 0U);
  }
}

TEST_P(GpuEngineTest, GivesTheSameBitsForEveryBatchSize) {
  EDGEVAL_NEEDS_GPU();
  for (std::uint64_t seed : case_seeds(101, 104)) {
    SCOPED_TRACE(seed);
    const Case c = random_case(GetParam(), seed, many_lanes());
    const std::unique_ptr<Engine> engine = gpu::make_engine(borrowed(c.model), {});
    expect_the_same_in_batches(*engine, c, engine->run(c.features, c.point), {1, 7, 64});
  }
}

INSTANTIATE_TEST_SUITE_P(Kinds, GpuEngineTest, testing::ValuesIn(kKinds),
                         [](const auto& of) { return std::string(name(of.param)); });

class GpuIntegers : public testing::TestWithParam<std::tuple<Kind, IntegerKind>> {};

INSTANTIATE_TEST_SUITE_P(Kinds, GpuIntegers,
                         testing::Combine(testing::ValuesIn(kKinds),
                                          testing::Values(IntegerKind::kInt16, IntegerKind::kInt8,
                                                          IntegerKind::kBoth)),
                         [](const auto& of) {
                           return std::string(name(std::get<0>(of.param))) +
                                  name(std::get<1>(of.param));
                         });

Case integer_case(const std::tuple<Kind, IntegerKind>& kinds, std::uint64_t seed,
                  const std::vector<Index>& lengths) {
  Case c = random_case(std::get<0>(kinds), seed, lengths);
  Random random(seed + 1000);
  make_integer(random, std::get<1>(kinds), c.point);
  if (seed % 3 == 0) draw_nonlinearities(random, c, random_nonlinearity);
  return c;
}

TEST_P(GpuIntegers, GiveTheBitsModesAndCountsOfTheCpuEngine) {
  EDGEVAL_NEEDS_GPU();
  for (std::uint64_t seed : case_seeds(201, 212)) {
    SCOPED_TRACE(seed);
    expect_the_bits_of_the_cpu(integer_case(GetParam(), seed, few_lanes()));
  }
}

TEST_P(GpuIntegers, DoNotDependOnTheBatch) {
  EDGEVAL_NEEDS_GPU();
  const Case c = integer_case(GetParam(), 301, many_lanes());
  const BatchResult cpu = make_cpu_engine(borrowed(c.model), {})->run(c.features, c.point);
  const std::unique_ptr<Engine> engine = gpu::make_engine(borrowed(c.model), {});
  expect_the_same_in_batches(*engine, c, cpu, {1, 2, 3, 7, 64, 300});
}

TEST(GpuEngine, TakesOtherFunctionsInItsCells) {
  EDGEVAL_NEEDS_GPU();
  for (std::uint64_t seed : case_seeds(401, 412)) {
    SCOPED_TRACE(seed);
    Random random(seed);
    Case c = random_case(Kind::kDense, seed, few_lanes());
    draw_nonlinearities(random, c, random_continuous);
    const BatchResult cpu = make_cpu_engine(borrowed(c.model), {})->run(c.features, c.point);
    const BatchResult gpu = gpu::make_engine(borrowed(c.model), {})->run(c.features, c.point);
    EXPECT_EQ(gpu.activity, cpu.activity);
    EXPECT_LE(distance(gpu.outputs.values.view(), cpu.outputs.values.view()), kTolerance);
  }
}

TEST(GpuEngine, ShowsAnObserverThePlansOfTheFirstLayerBitForBit) {
  EDGEVAL_NEEDS_GPU();
  Random random(7);
  Case c{.model = random_model({.inputs = 33, .lstm = {{20, kBothDirections}}, .outputs = 5}, 7),
         .point = {},
         .features = {}};
  c.point = random_point(random, c.model, Kind::kSkip);
  c.features = random_batch(random, {0, 1, 31, 32, 33, 500}, 33);
  Plans cpu, gpu;
  make_cpu_engine(borrowed(c.model), {})->run(c.features, c.point, &cpu);
  gpu::make_engine(borrowed(c.model), {})->run(c.features, c.point, &gpu);
  EXPECT_EQ(gpu.plans, cpu.plans);
  EXPECT_EQ(gpu.shapes, cpu.shapes);
}

TEST(GpuEngine, TakesABatchOfNothing) {
  EDGEVAL_NEEDS_GPU();
  const Case none = random_case(Kind::kMixed, 11, {});
  EXPECT_TRUE(
      gpu::make_engine(borrowed(none.model), {})->run(none.features, none.point).activity.empty());
  const Case empty = random_case(Kind::kMixed, 11, {0, 0});
  EXPECT_EQ(gpu::make_engine(borrowed(empty.model), {})->run(empty.features, empty.point).activity,
            make_cpu_engine(borrowed(empty.model), {})->run(empty.features, empty.point).activity);
}

TEST(GpuEngine, SharesItsModel) {
  EDGEVAL_NEEDS_GPU();
  Case c = random_case(Kind::kMixed, 25, few_lanes());
  const BatchResult expected = make_cpu_engine(borrowed(c.model), {})->run(c.features, c.point);
  auto model = std::make_shared<const Model>(std::move(c.model));
  const std::weak_ptr<const Model> watched = model;
  std::unique_ptr<Engine> engine = gpu::make_engine(std::move(model), {});
  EXPECT_EQ(engine->run(c.features, c.point).activity.size(), expected.activity.size());
  EXPECT_FALSE(watched.expired());
  engine.reset();
  EXPECT_TRUE(watched.expired());
}

TEST(GpuEngine, RunsManyPointsInOneCall) {
  EDGEVAL_NEEDS_GPU();
  const Case c = random_case(Kind::kDense, 23, few_lanes());
  Random random(24);
  std::vector<OperatingPoint> points;
  for (Kind kind : {Kind::kDense, Kind::kSkip, Kind::kDelta})
    points.push_back(random_point(random, c.model, kind));
  expect_points_as_alone(*gpu::make_engine(borrowed(c.model), {}), c.features, points);
}

TEST(GpuEngine, RunsPointAfterPointOnOneEngine) {
  EDGEVAL_NEEDS_GPU();
  Case c = random_case(Kind::kDense, 21, many_lanes());
  const std::unique_ptr<Engine> engine = gpu::make_engine(borrowed(c.model), {});
  const Ragged<float> dense = engine->run(c.features, c.point).outputs;
  Random random(22);
  for (Kind kind : kKinds) {
    const OperatingPoint point = random_point(random, c.model, kind);
    const BatchResult again = engine->run(c.features, point);
    const BatchResult fresh = gpu::make_engine(borrowed(c.model), {})->run(c.features, point);
    EXPECT_EQ(again.activity, fresh.activity);
    EXPECT_TRUE(std::ranges::equal(again.outputs.values.values(), fresh.outputs.values.values()));
  }
  EXPECT_TRUE(std::ranges::equal(engine->run(c.features, c.point).outputs.values.values(),
                                 dense.values.values()));
}

}  // namespace
}  // namespace edgeval::test
