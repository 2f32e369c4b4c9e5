// The GPU engine against the CPU engine, which is the definition. Under int16 and int8 modes,
// counts and outputs are the same bits. In fp32 both take the same bits in and make the same
// decisions on them; but the products round differently, so a decision on h (or on a later layer's
// input) that lies within an fp32 rounding of its threshold may fall either way. Over all cases at
// most 2e-4 of the decisions may differ; a lane whose counts all agree has outputs within 1e-5 of
// max(1, |reference|).
#include <cmath>
#include <map>

#include "host/core/error.hpp"
#include "tests/support/gpu.hpp"
#include "tests/support/random_case.hpp"
#include "tests/support/safetensors.hpp"

namespace edgeval::test {
namespace {

constexpr double kTolerance = 1e-5;
constexpr double kDecisionsThatMayDiffer = 2e-4;

struct Case {
  Model model;
  OperatingPoint point;
  Ragged<float> features;
};

Case random_case(Kind kind, std::uint64_t seed, std::vector<Index> lengths) {
  Random random(seed);
  Case result{.model = random_stack(random), .point = {}, .features = {}};
  result.point = random_point(random, result.model, kind);
  result.features = random_batch(random, lengths, result.model.inputs());
  return result;
}

// Sizes around a warp, lanes that never run, and enough lanes for several row blocks of a product.
std::vector<Index> few_lanes() { return {33, 0, 1, 32, 31, 90}; }
std::vector<Index> many_lanes() {
  std::vector<Index> lengths;
  for (Index n = 0; n < 300; ++n) lengths.push_back((n * 7) % 61);
  return lengths;
}

double distance(MatrixView<const float> a, MatrixView<const float> b) {
  double worst = 0;
  for (Index r = 0; r < a.rows; ++r)
    for (Index c = 0; c < a.cols; ++c) {
      const double error = std::abs(static_cast<double>(a(r, c)) - b(r, c)) /
                           std::max(1.0, std::abs(static_cast<double>(b(r, c))));
      worst = std::isnan(error) ? INFINITY : std::max(worst, error);
    }
  return worst;
}

struct Differences {
  std::uint64_t decisions = 0, differing = 0;
};

// What was decided: which steps run, which elements changed.
Differences differences(const Activity& gpu, const Activity& cpu) {
  Differences sum;
  const auto apart = [](std::uint64_t a, std::uint64_t b) { return a > b ? a - b : b - a; };
  for (std::size_t l = 0; l < cpu.layers.size(); ++l) {
    const LayerActivity &a = gpu.layers[l], &b = cpu.layers[l];
    EXPECT_EQ(a.shape, b.shape);
    EXPECT_EQ(a[Count::kSteps], b[Count::kSteps]);
    EXPECT_EQ(a[Count::kMacsDense], b[Count::kMacsDense]);
    sum.decisions += b[Count::kSteps] + b[Count::kInputs] + b[Count::kRecurrentInputs];
    for (Count count : {Count::kStepsRun, Count::kInputsChanged, Count::kRecurrentInputsChanged})
      sum.differing += apart(a[count], b[count]);
  }
  return sum;
}

class GpuEngineTest : public testing::TestWithParam<Kind> {};

TEST_P(GpuEngineTest, DecidesAndComputesAsTheCpuEngine) {
  EDGEVAL_NEEDS_GPU();
  Differences all;
  Index lanes = 0, agreeing = 0;
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    SCOPED_TRACE(seed);
    const Case c = random_case(GetParam(), seed, seed % 4 == 0 ? many_lanes() : few_lanes());
    const BatchResult cpu = make_cpu_engine(c.model, {})->run(c.features, c.point);
    const BatchResult gpu = gpu::make_engine(c.model, {})->run(c.features, c.point);
    ASSERT_EQ(gpu.activity.size(), cpu.activity.size());
    ASSERT_EQ(gpu.outputs.offsets, cpu.outputs.offsets);
    for (Index n = 0; n < c.features.sequences(); ++n) {
      const Differences lane = differences(gpu.activity[n], cpu.activity[n]);
      all.decisions += lane.decisions;
      all.differing += lane.differing;
      ++lanes;
      if (gpu.activity[n] != cpu.activity[n]) continue;
      ++agreeing;
      EXPECT_LE(distance(gpu.outputs.sequence(n), cpu.outputs.sequence(n)), kTolerance)
          << "lane " << n;
    }
  }
  RecordProperty("decisions", std::to_string(all.decisions));
  RecordProperty("differing", std::to_string(all.differing));
  EXPECT_LE(static_cast<double>(all.differing),
            kDecisionsThatMayDiffer * static_cast<double>(all.decisions))
      << agreeing << " of " << lanes << " lanes agree in every count";
  if (GetParam() == Kind::kDense) {
    EXPECT_EQ(all.differing, 0U);
  }
}

// Outputs and counts of every lane, run in batches of `batch` lanes.
std::vector<BatchResult> run_in_batches(Engine& engine, const Case& c, Index batch) {
  std::vector<BatchResult> results;
  for (Index first = 0; first < c.features.sequences(); first += batch)
    results.push_back(engine.run(
        slice(c.features, first, std::min(first + batch, c.features.sequences())), c.point));
  return results;
}

TEST_P(GpuEngineTest, GivesTheSameBitsForEveryBatchSize) {
  EDGEVAL_NEEDS_GPU();
  for (std::uint64_t seed = 101; seed <= 104; ++seed) {
    SCOPED_TRACE(seed);
    const Case c = random_case(GetParam(), seed, many_lanes());
    const std::unique_ptr<Engine> engine = gpu::make_engine(c.model, {});
    const BatchResult together = engine->run(c.features, c.point);
    for (Index batch : {1, 7, 64}) {
      Index lane = 0;
      for (const BatchResult& part : run_in_batches(*engine, c, batch))
        for (Index n = 0; n < part.outputs.sequences(); ++n, ++lane) {
          const MatrixView<const float> alone = part.outputs.sequence(n);
          const MatrixView<const float> among = together.outputs.sequence(lane);
          ASSERT_TRUE(std::equal(alone.data, alone.data + alone.rows * alone.cols, among.data))
              << "lane " << lane;
          ASSERT_EQ(part.activity[n], together.activity[lane]) << "lane " << lane;
        }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Kinds, GpuEngineTest, testing::ValuesIn(kKinds));

bool same_bits(const Ragged<float>& a, const Ragged<float>& b) {
  return a.offsets == b.offsets && std::ranges::equal(a.values.values(), b.values.values());
}

class Plans : public LayerObserver {
 public:
  void on_layer(Index layer, const Ragged<float>& input, const Ragged<float>& output) override {
    shapes.push_back(
        {layer, input.cols(), output.cols(), input.values.rows(), output.values.rows()});
  }
  void on_plan(Index layer, Direction direction, Index lane,
               std::span<const StepMode> modes) override {
    plans[{layer, direction, lane}] = {modes.begin(), modes.end()};
  }
  std::vector<std::vector<Index>> shapes;
  std::map<std::tuple<Index, Direction, Index>, std::vector<StepMode>> plans;
};

Nonlinearity random_nonlinearity(Random& random) {
  return random.of<Nonlinearity>({LookupTable{}, RangeAddressed{}, PiecewiseLinear{}, Hard{}});
}

class GpuIntegers : public testing::TestWithParam<std::tuple<Kind, IntegerKind>> {};

INSTANTIATE_TEST_SUITE_P(Kinds, GpuIntegers,
                         testing::Combine(testing::ValuesIn(kKinds),
                                          testing::Values(IntegerKind::kInt16, IntegerKind::kInt8,
                                                          IntegerKind::kBoth)));

Case integer_case(const std::tuple<Kind, IntegerKind>& kinds, std::uint64_t seed,
                  const std::vector<Index>& lengths) {
  Case c = random_case(std::get<0>(kinds), seed, lengths);
  Random random(seed + 1000);
  make_integer(random, std::get<1>(kinds), c.point);
  if (seed % 3 == 0)
    for (std::size_t l = 0; l < c.model.layers.size(); ++l)
      if (std::holds_alternative<LstmLayer>(c.model.layers[l]))
        c.point.layers[l].nonlinearity = random_nonlinearity(random);
  return c;
}

TEST_P(GpuIntegers, GiveTheBitsModesAndCountsOfTheCpuEngine) {
  EDGEVAL_NEEDS_GPU();
  for (std::uint64_t seed = 201; seed <= 212; ++seed)
    for (Index chunk_bytes : {0, 20000}) {
      SCOPED_TRACE(concat("seed ", seed, ", chunks of ", chunk_bytes, " bytes"));
      const Case c = integer_case(GetParam(), seed, few_lanes());
      Plans cpu_plans, gpu_plans;
      const BatchResult cpu = make_cpu_engine(c.model, {})->run(c.features, c.point, &cpu_plans);
      const BatchResult gpu = gpu::make_engine(c.model, {.gpu_chunk_bytes = chunk_bytes})
                                  ->run(c.features, c.point, &gpu_plans);
      ASSERT_EQ(gpu.activity, cpu.activity);
      ASSERT_EQ(gpu_plans.plans, cpu_plans.plans);
      ASSERT_TRUE(same_bits(gpu.outputs, cpu.outputs));
    }
}

TEST_P(GpuIntegers, DoNotDependOnTheBatch) {
  EDGEVAL_NEEDS_GPU();
  const Case c = integer_case(GetParam(), 301, many_lanes());
  const BatchResult cpu = make_cpu_engine(c.model, {})->run(c.features, c.point);
  const std::unique_ptr<Engine> engine = gpu::make_engine(c.model, {});
  for (Index batch : {1, 2, 3, 7, 64, 300}) {
    Index lane = 0;
    for (const BatchResult& part : run_in_batches(*engine, c, batch))
      for (Index n = 0; n < part.outputs.sequences(); ++n, ++lane) {
        const MatrixView<const float> gpu = part.outputs.sequence(n);
        ASSERT_TRUE(
            std::equal(gpu.data, gpu.data + gpu.rows * gpu.cols, cpu.outputs.sequence(lane).data))
            << "lane " << lane << ", batches of " << batch;
        ASSERT_EQ(part.activity[n], cpu.activity[lane]) << "lane " << lane;
      }
  }
}

TEST(GpuEngine, TakesOtherFunctionsInItsCells) {
  EDGEVAL_NEEDS_GPU();
  for (std::uint64_t seed = 401; seed <= 412; ++seed) {
    SCOPED_TRACE(seed);
    Random random(seed);
    Case c = random_case(Kind::kDense, seed, few_lanes());
    for (std::size_t l = 0; l < c.model.layers.size(); ++l)
      if (std::holds_alternative<LstmLayer>(c.model.layers[l]))
        // A table's steps would turn a rounding into a jump; straight pieces that meet do not.
        c.point.layers[l].nonlinearity =
            random.of<Nonlinearity>({PiecewiseLinear{}, Hard{}, PiecewiseLinear{.segments = 5}});
    const BatchResult cpu = make_cpu_engine(c.model, {})->run(c.features, c.point);
    const BatchResult gpu = gpu::make_engine(c.model, {})->run(c.features, c.point);
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
  make_cpu_engine(c.model, {})->run(c.features, c.point, &cpu);
  gpu::make_engine(c.model, {})->run(c.features, c.point, &gpu);
  EXPECT_EQ(gpu.plans, cpu.plans);
  EXPECT_EQ(gpu.shapes, cpu.shapes);
}

TEST(GpuEngine, TakesABatchOfNothing) {
  EDGEVAL_NEEDS_GPU();
  const Case none = random_case(Kind::kMixed, 11, {});
  EXPECT_TRUE(gpu::make_engine(none.model, {})->run(none.features, none.point).activity.empty());
  const Case empty = random_case(Kind::kMixed, 11, {0, 0});
  EXPECT_EQ(gpu::make_engine(empty.model, {})->run(empty.features, empty.point).activity,
            make_cpu_engine(empty.model, {})->run(empty.features, empty.point).activity);
}

TEST(GpuEngine, RunsPointAfterPointOnOneEngine) {
  EDGEVAL_NEEDS_GPU();
  Case c = random_case(Kind::kDense, 21, many_lanes());
  const std::unique_ptr<Engine> engine = gpu::make_engine(c.model, {});
  const Ragged<float> dense = engine->run(c.features, c.point).outputs;
  Random random(22);
  for (Kind kind : kKinds) {
    const OperatingPoint point = random_point(random, c.model, kind);
    const BatchResult again = engine->run(c.features, point);
    const BatchResult fresh = gpu::make_engine(c.model, {})->run(c.features, point);
    EXPECT_EQ(again.activity, fresh.activity);
    EXPECT_TRUE(std::ranges::equal(again.outputs.values.values(), fresh.outputs.values.values()));
  }
  EXPECT_TRUE(std::ranges::equal(engine->run(c.features, c.point).outputs.values.values(),
                                 dense.values.values()));
}

}  // namespace
}  // namespace edgeval::test
