// Compares the GPU engine that runs each step in one kernel, where it can, with the CPU engine.
#include "tests/cuda/compare.hpp"
#include "tests/support/points.hpp"
#include "tests/support/relatives.hpp"

namespace edgeval::test {
namespace {

constexpr EngineOptions kWholeSteps{.gpu_whole_steps = true};

// Layers of multiples of four cells, which one kernel can run, with some others among them.
Model stack_of_fours(Random& random) {
  RandomModelSpec spec{.inputs = random.skewed(1, 140), .lstm = {}, .outputs = 0, .gain = 1};
  for (Index layers = random.whole(1, 3); layers > 0; --layers)
    spec.lstm.push_back(
        {random.chance(0.1) ? 7 : 4 * random.skewed(1, 18),
         random.of<std::vector<Direction>>({kForwardOnly, kBackwardOnly, kBothDirections})});
  if (random.chance(0.5)) spec.outputs = random.whole(1, 33);
  spec.gain = static_cast<float>(random.uniform(0.5, 2));
  return random_model(spec, static_cast<std::uint64_t>(random.whole(0, 1 << 30)));
}

class GpuWholeSteps : public testing::TestWithParam<std::tuple<Kind, IntegerKind>> {
 protected:
  static Case draw(std::uint64_t seed, const std::vector<Index>& lengths) {
    const auto [kind, integers] = GetParam();
    Random random(seed);
    Case c{.model = stack_of_fours(random), .point = {}, .features = {}};
    c.point = random_point(random, c.model, kind);
    c.features = random_batch(random, lengths, c.model.inputs());
    make_integer(random, integers, c.point);
    return c;
  }
};

INSTANTIATE_TEST_SUITE_P(Kinds, GpuWholeSteps,
                         testing::Combine(testing::ValuesIn(kKinds),
                                          testing::Values(IntegerKind::kInt16, IntegerKind::kInt8)),
                         [](const auto& of) {
                           return std::string(name(std::get<0>(of.param))) +
                                  name(std::get<1>(of.param));
                         });

// Every second case runs in small chunks.
TEST_P(GpuWholeSteps, AgreeWithTheCpuEngineBitForBit) {
  EDGEVAL_NEEDS_GPU();
  for (std::uint64_t seed : case_seeds(501, 512)) {
    SCOPED_TRACE(seed);
    const bool many = seed % 4 == 0 && takes_all_cases();
    const Case c = draw(seed, many ? many_lanes() : std::vector<Index>{17, 0, 1, 32, 5, 33});
    const BatchResult cpu = make_cpu_engine(borrowed(c.model), {})->run(c.features, c.point);
    EngineOptions options = kWholeSteps;
    if (seed % 2 == 0) options.gpu_chunk_bytes = 20000;
    const BatchResult gpu = gpu::make_engine(borrowed(c.model), options)->run(c.features, c.point);
    ASSERT_EQ(gpu.activity, cpu.activity);
    ASSERT_TRUE(same_bits(gpu.outputs, cpu.outputs));
  }
}

// Batches of other numbers of lanes, and long ones whose steps are recorded, on one engine.
TEST(GpuWholeStepsOfBatches, OnOneEngineAreThoseOfTheCpuBitForBit) {
  EDGEVAL_NEEDS_GPU();
  Random random(701 + standin_turn());
  const Model model = random_model({.inputs = 9, .lstm = {{8, kBothDirections}}, .outputs = 3}, 7);
  OperatingPoint point = random_point(random, model, Kind::kDelta);
  for (LayerPolicy& layer : point.layers) layer.arithmetic = Int8{{.input_bits = 4}};
  const std::unique_ptr<Engine> gpu = gpu::make_engine(borrowed(model), kWholeSteps);
  const std::unique_ptr<Engine> cpu = make_cpu_engine(borrowed(model), {});
  for (const Index lanes : {3, 140, 5, 140}) {
    std::vector<Index> lengths(static_cast<std::size_t>(lanes), 2);
    lengths.front() = 80;
    const Ragged<float> features = random_batch(random, lengths, 9);
    const BatchResult found = gpu->run(features, point), expected = cpu->run(features, point);
    EXPECT_EQ(found.activity, expected.activity);
    EXPECT_TRUE(same_bits(found.outputs, expected.outputs)) << lanes << " lanes";
  }
}

class GpuWholeStepsOfPoints : public testing::TestWithParam<IntegerKind> {};

INSTANTIATE_TEST_SUITE_P(Kinds, GpuWholeStepsOfPoints,
                         testing::Values(IntegerKind::kInt16, IntegerKind::kInt8),
                         [](const auto& of) { return std::string(name(of.param)); });

TEST_P(GpuWholeStepsOfPoints, GiveWhatEachGivesAlone) {
  EDGEVAL_NEEDS_GPU();
  Random random(601 + 100 * standin_turn());
  const Model model = random_model(
      {.inputs = 7, .lstm = {{12, kBothDirections}, {8, kForwardOnly}}, .outputs = 5}, 5);
  const Kind kind = random.of<Kind>({Kind::kSkipReuse, Kind::kSkipDelta, Kind::kMixed});
  std::vector<OperatingPoint> points = relatives(random, model, kind, takes_all_cases() ? 12 : 4);
  for (OperatingPoint& point : points)
    for (LayerPolicy& layer : point.layers)
      layer.arithmetic = GetParam() == IntegerKind::kInt16 ? Arithmetic{Int16{{.input_bits = 12}}}
                                                           : Arithmetic{Int8{{.input_bits = 4}}};
  const std::unique_ptr<Engine> engine = gpu::make_engine(borrowed(model), kWholeSteps);
  const Ragged<float> features = random_batch(random, {20, 0, 1, 7}, 7);
  expect_points_as_alone(*engine, features, points);
  const BatchResult cpu = make_cpu_engine(borrowed(model), {})->run(features, points.back());
  EXPECT_TRUE(same_bits(engine->run(features, points.back()).outputs, cpu.outputs));
}

}  // namespace
}  // namespace edgeval::test
