// What many points of one call have in common is done once, and a shortage of memory between the
// results of two points changes none of them. The tests run on the stand-in for CUDA, which counts
// calls and copied bytes and fails the allocations that it is told to (tests/standin/control.hpp).
#include "tests/cuda/compare.hpp"
#include "tests/standin/control.hpp"
#include "tests/support/points.hpp"
#include "tests/support/relatives.hpp"

namespace edgeval::test {
namespace {

class Nothing final : public ResultSink {
 public:
  void receive(std::span<const Index>, Index, BatchResult&&) override {}
};

// Counts the parts in which each point came, beside the results.
class CountedResults final : public ResultSink {
 public:
  void receive(std::span<const Index> points, Index first, BatchResult&& result) override {
    for (const Index point : points) ++parts[point];
    results.receive(points, first, std::move(result));
  }
  OrderedResults results;
  std::map<Index, int> parts;
};

struct Cost {
  long calls;
  std::size_t bytes;
};

// Returns what a run of these points asks of the device, when the engine has run them before.
Cost cost_of(Engine& engine, PreparedBatch& batch, const std::vector<OperatingPoint>& points) {
  Nothing sink;
  engine.run(batch, points, {.best = true}, sink);
  const long calls = standin::calls();
  const std::size_t bytes = standin::bytes_to_device();
  engine.run(batch, points, {.best = true}, sink);
  return {standin::calls() - calls, standin::bytes_to_device() - bytes};
}

TEST(GpuSharing, EqualPointsCostWhatOneCosts) {
  EDGEVAL_NEEDS_GPU();
  Random random(1);
  const Model model = model_of_relatives();
  const std::unique_ptr<Engine> engine = gpu::make_engine(borrowed(model), {});
  const auto batch =
      engine->prepare(std::make_shared<Ragged<float>>(random_batch(random, {30, 9}, 7)));
  const OperatingPoint point = random_point(random, model, Kind::kSkipDelta);
  const Cost one = cost_of(*engine, *batch, {point}),
             many = cost_of(*engine, *batch, {point, point, point});
  EXPECT_EQ(many.calls, one.calls);
  EXPECT_EQ(many.bytes, one.bytes);
}

// Points that differ in the last layer alone add the cost of that layer. Those that differ in the
// kind of operand of the first one add nearly that of a point alone, but no features.
TEST(GpuSharing, SharedLayersRunOnceAndFeaturesGoUpOnce) {
  EDGEVAL_NEEDS_GPU();
  Random random(2);
  const Model model = model_of_relatives();
  const std::unique_ptr<Engine> engine = gpu::make_engine(borrowed(model), {});
  const Ragged<float> features = random_batch(random, {300, 290}, 7);
  const std::size_t of_features = static_cast<std::size_t>(features.values.size()) * sizeof(float);
  const auto batch =
      engine->prepare(std::make_shared<Ragged<float>>(slice(features, 0, features.sequences())));
  const OperatingPoint dense = dense_point(model);
  const auto with = [&](std::size_t layer) {
    std::vector<OperatingPoint> points(3, dense);
    points[1].layers[layer].operand = Delta{.threshold_x = 0.1, .threshold_h = 0.1};
    points[2].layers[layer].operand = Reuse{.clusters = 16, .range_min = -1.5, .range_max = 1.5};
    return points;
  };
  const Cost one = cost_of(*engine, *batch, {dense}),
             in_last = cost_of(*engine, *batch, with(model.layers.size() - 1)),
             in_first = cost_of(*engine, *batch, with(0));
  EXPECT_LT(in_last.calls, 2 * one.calls);
  EXPECT_GT(in_first.calls, 2 * one.calls);
  EXPECT_GE(one.bytes, of_features);
  EXPECT_LT(in_last.bytes, 2 * of_features);
  EXPECT_LT(in_first.bytes, 2 * of_features);
}

// Points that differ in the parameters of rules and plans run as one launch. Only what each point
// sends home is copied for each.
TEST(GpuSharing, PointsOfTheSameKindsRunSideBySide) {
  EDGEVAL_NEEDS_GPU();
  Random random(5);
  const Model model = model_of_relatives();
  const std::unique_ptr<Engine> engine = gpu::make_engine(borrowed(model), {});
  const auto batch =
      engine->prepare(std::make_shared<Ragged<float>>(random_batch(random, {60, 50}, 7)));
  std::vector<OperatingPoint> points;
  for (const double threshold : {0.1, 0.2, 0.3, 0.4, 0.5}) {
    points.push_back(dense_point(model));
    for (std::size_t l = 0; l < 3; ++l) {
      points.back().layers[l].plan =
          SimilaritySkip{.threshold = 1 - threshold, .fraction_bits = 12};
      points.back().layers[l].operand = Delta{.threshold_x = threshold, .threshold_h = 0.1};
    }
  }
  // The fewest frames are skipped under the first threshold, so its point takes the most steps.
  const Cost one = cost_of(*engine, *batch, {points.front()}),
             all = cost_of(*engine, *batch, points);
  EXPECT_LT(all.calls, 2 * one.calls);
  expect_points_as_alone(*engine, batch->features(), points);
}

// The plans never skip, so that the runs differ only in whether both ask the same of the scores.
TEST(GpuSharing, ScoresOfFramesServeAllPlansThatAskTheSame) {
  EDGEVAL_NEEDS_GPU();
  Random random(6);
  const Model model = random_model({.inputs = 7, .lstm = {{8, kBothDirections}}, .outputs = 0}, 1);
  const std::unique_ptr<Engine> engine = gpu::make_engine(borrowed(model), {});
  const auto batch =
      engine->prepare(std::make_shared<Ragged<float>>(random_batch(random, {30, 9}, 7)));
  const auto calls = [&](double shift, double fraction_bits) {
    LayerPolicy first{.plan = SimilaritySkip{.threshold = 1, .fraction_bits = 12},
                      .operand = AsIs{}},
        second{
            .plan = SimilaritySkip{.threshold = 1, .shift = shift, .fraction_bits = fraction_bits},
            .operand = Delta{}};
    return cost_of(*engine, *batch, {{{first}}, {{second}}}).calls;
  };
  const double shift = SimilaritySkip{}.shift;
  const long same = calls(shift, 12);
  EXPECT_GT(calls(shift, 11), same);
  EXPECT_EQ(calls(shift, 11), calls(shift - 1, 12));
}

// Every seventh allocation fails, one in each run. The last seven of some 140 are between the
// results of points, so that one of them fails whatever the seed.
TEST(GpuSharing, AShortageInTheMiddleGivesTheSameResultsOnce) {
  EDGEVAL_NEEDS_GPU();
  Random random(3);
  const Model model = model_of_relatives();
  const auto features = std::make_shared<Ragged<float>>(random_batch(random, {40, 36, 0, 37}, 7));
  const std::vector<OperatingPoint> points = integer_relatives(random, model, Kind::kMixed, 5);
  OrderedResults expected;
  {
    const std::unique_ptr<Engine> cpu = make_cpu_engine(borrowed(model), {});
    cpu->run(*cpu->prepare(features), points, {.outputs = true}, expected);
  }
  const long step = takes_all_cases() ? 1 : 7;
  int apart = 0;
  bool failed = true;
  for (long k = 1 + static_cast<long>(standin_turn()) % step; failed; k += step) {
    SCOPED_TRACE(concat("allocation ", k));
    ASSERT_LT(k, 5000);
    const std::unique_ptr<Engine> engine = gpu::make_engine(borrowed(model), {});
    const long before = standin::allocations();
    standin::fail_allocation(k);
    CountedResults found;
    ASSERT_NO_THROW(engine->run(*engine->prepare(features), points, {.outputs = true}, found));
    failed = standin::allocations() - before >= k;
    standin::fail_allocation(0);
    ASSERT_EQ(found.results.points(), std::ssize(points));
    for (Index p = 0; p < std::ssize(points); ++p) {
      ASSERT_EQ(found.results.of(p).activity, expected.of(p).activity);
      ASSERT_TRUE(same_bits(found.results.of(p).outputs, expected.of(p).outputs));
    }
    if (std::ranges::any_of(
            found.parts, [&](const auto& of) { return of.second != found.parts.begin()->second; }))
      ++apart;
  }
  EXPECT_GT(apart, 0);  // some points were delivered before the memory ran out, others behind
}

// Devices with ever less memory run several parts, each with all points.
TEST(GpuSharing, OfADeviceWithLittleMemoryGivesTheSameResults) {
  EDGEVAL_NEEDS_GPU();
  Random random(4);
  const Model model = model_of_relatives();
  const auto features =
      std::make_shared<Ragged<float>>(random_batch(random, {180, 170, 0, 160}, 7));
  const std::vector<OperatingPoint> points = integer_relatives(random, model, Kind::kMixed, 5);
  OrderedResults expected;
  {
    const std::unique_ptr<Engine> cpu = make_cpu_engine(borrowed(model), {});
    cpu->run(*cpu->prepare(features), points, {.outputs = true}, expected);
  }
  int most_parts = 1;
  bool fits = true;
  const auto fits_alone = [&](const OperatingPoint& point) {
    try {
      gpu::make_engine(borrowed(model), {})->run(*features, point);
      return true;
    } catch (const Error&) {
      return false;
    }
  };
  const std::size_t shrink = takes_all_cases() ? 30 : 26;
  for (std::size_t bytes = std::size_t{4} << 20; fits && bytes > 1000;
       bytes = bytes * shrink / 32) {
    SCOPED_TRACE(bytes);
    standin::set_memory(bytes);
    CountedResults found;
    try {
      const std::unique_ptr<Engine> engine = gpu::make_engine(borrowed(model), {});
      engine->run(*engine->prepare(features), points, {.outputs = true}, found);
    } catch (const Error& error) {
      EXPECT_NE(std::string(error.what()).find("memory"), std::string::npos) << error.what();
      fits = false;
      // What fits for each point fits for all but for the weights, which each arithmetic has.
      standin::set_memory(bytes / 2);
      EXPECT_FALSE(std::ranges::all_of(points, fits_alone));
      continue;
    }
    for (Index p = 0; p < std::ssize(points); ++p) {
      ASSERT_EQ(found.results.of(p).activity, expected.of(p).activity);
      ASSERT_TRUE(same_bits(found.results.of(p).outputs, expected.of(p).outputs));
      most_parts = std::max(most_parts, found.parts[p]);
    }
  }
  standin::set_memory(std::size_t{8} << 30);
  EXPECT_FALSE(fits);
  EXPECT_GT(most_parts, 1);
}

}  // namespace
}  // namespace edgeval::test
