// Two devices of which one has little memory or fails, and limits of what is taken of a device's
// memory. The tests run on the stand-in for CUDA (tests/standin/control.hpp).
#include <cuda_runtime.h>

#include "cuda/device/error.hpp"
#include "tests/cuda/compare.hpp"
#include "tests/standin/control.hpp"
#include "tests/support/gpu_memory.hpp"
#include "tests/support/points.hpp"
#include "tests/support/searches.hpp"

namespace edgeval::test {
namespace {

constexpr std::size_t kAllMemory = std::size_t{8} << 30;

Index taken_of(int number) { return static_cast<Index>(memory_of_gpu(number).taken()); }

// Keeps the results, and the most memory that was taken of each device when one came.
class WatchedResults final : public ResultSink {
 public:
  void receive(std::span<const Index> points, Index first, BatchResult&& result) override {
    ++pieces;
    for (const int number : {0, 1}) most[number] = std::max(most[number], taken_of(number));
    results.receive(points, first, std::move(result));
  }
  OrderedResults results;
  std::array<Index, 2> most{};
  int pieces = 0;
};

class GpuDevicesShort : public testing::Test {
 protected:
  void SetUp() override {
    EDGEVAL_NEEDS_GPU();
    bytes_ = standin::live_bytes();
    objects_ = standin::live_objects();
    for (const double threshold : {0.05, 0.3}) {
      const LayerPolicy policy{.plan = EveryStep{},
                               .operand = Delta{.threshold_x = threshold, .threshold_h = 0.1},
                               .arithmetic = Int8{{.input_bits = 5}}};
      points_.push_back({{policy, policy}});
    }
    take_batch(100);
  }
  void TearDown() override {
    standin::fail_allocation(0);
    standin::fail_call(0);
    standin::set_memory(kAllMemory);
    EXPECT_EQ(standin::live_bytes(), bytes_);
    EXPECT_EQ(standin::live_objects(), objects_);
  }
  // Two of the lanes have enough steps for recorded graphs.
  void take_batch(std::size_t lanes) {
    Random random(7 + standin_turn());
    std::vector<Index> lengths{38, 36};
    while (lengths.size() < lanes) lengths.push_back(random.whole(0, 12));
    features_ = std::make_shared<Ragged<float>>(random_batch(random, lengths, model_.inputs()));
    const auto cpu = make_cpu_engine(borrowed(model_), {});
    expected_ = {};
    cpu->run(*cpu->prepare(features_), points_, {.outputs = true}, expected_);
  }
  std::unique_ptr<Engine> engine(std::vector<int> numbers, Index memory = 0) const {
    return gpu::make_engine(borrowed(model_), {.gpus = {std::move(numbers), memory}});
  }
  void run(Engine& engine, ResultSink& found) const {
    engine.run(*engine.prepare(features_), points_, {.outputs = true}, found);
  }
  void expect_right(OrderedResults& found) {
    ASSERT_EQ(found.points(), std::ssize(points_));
    for (Index p = 0; p < std::ssize(points_); ++p) {
      ASSERT_EQ(found.of(p).activity, expected_.of(p).activity);
      ASSERT_TRUE(same_bits(found.of(p).outputs, expected_.of(p).outputs));
    }
  }

  const Model model_ = random_model({.inputs = 6, .lstm = {{7, kBothDirections}}, .outputs = 3}, 1);
  std::shared_ptr<const Ragged<float>> features_;
  std::vector<OperatingPoint> points_;
  OrderedResults expected_;

 private:
  std::size_t bytes_ = 0;
  long objects_ = 0;
};

// The second device has ever less memory, until an utterance is too much for it.
TEST_F(GpuDevicesShort, OfOneGiveTheSameResults) {
  WatchedResults whole;
  run(*engine({0, 1}), whole);
  int most = 0;
  bool fits = true;
  for (std::size_t bytes = std::size_t{2} << 20; fits && bytes > 1000; bytes = bytes * 3 / 4) {
    SCOPED_TRACE(bytes);
    standin::set_memory(1, bytes);
    WatchedResults found;
    try {
      run(*engine({0, 1}), found);
    } catch (const Error& error) {
      EXPECT_NE(std::string(error.what()).find("memory"), std::string::npos) << error.what();
      fits = false;
      continue;
    }
    expect_right(found.results);
    most = std::max(most, found.pieces);
  }
  EXPECT_FALSE(fits);
  EXPECT_GT(most, whole.pieces);
}

// A limit holds for each device, whatever its memory, and changes no result.
TEST_F(GpuDevicesShort, OfALimitGiveTheSameResults) {
  take_batch(400);
  WatchedResults whole;
  run(*engine({0}), whole);
  expect_right(whole.results);
  for (const Index part : {2, 4, 8}) {
    const Index limit = whole.most[0] / part;
    for (const std::vector<int>& numbers : std::vector<std::vector<int>>{{0}, {0, 1}}) {
      if (!takes_all_cases() && part == 2 && numbers.size() == 2) continue;
      SCOPED_TRACE(concat("a part of ", part, " of ", whole.most[0], " on ", numbers.size()));
      WatchedResults found;
      run(*engine(numbers, limit), found);
      expect_right(found.results);
      const std::size_t more = part == 8 ? 1 : 0;
      EXPECT_GE(found.pieces, whole.pieces * static_cast<int>(numbers.size() + more));
      for (const int number : numbers) {
        EXPECT_GT(found.most[number], 0);
        EXPECT_LE(found.most[number], limit);
      }
    }
  }
}

// The engines of a process share a limit.
TEST_F(GpuDevicesShort, OfALimitThatAnotherEngineUsesUpFailClearly) {
  WatchedResults whole;
  run(*engine({0}), whole);
  const Index limit = whole.most[0];
  const auto first = engine({0}, limit);
  WatchedResults of_first, of_second;
  run(*first, of_first);
  EXPECT_GT(taken_of(0), limit / 2);
  run(*engine({0}, limit), of_second);
  expect_right(of_second.results);
  EXPECT_LE(of_second.most[0], limit);
  try {
    WatchedResults nothing;
    run(*engine({0}, 1000), nothing);
    FAIL() << "1000 bytes hold nothing";
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("--gpu-memory"), std::string::npos) << error.what();
  }
}

TEST_F(GpuDevicesShort, OfAnyAllocationGiveTheSameResults) {
  const long step = takes_all_cases() ? 1 : 29;
  int failures = 0;
  bool failed = true;
  for (long k = 1 + static_cast<long>(standin_turn()) % step; failed; k += step) {
    SCOPED_TRACE(concat("allocation ", k));
    ASSERT_LT(k, 5000);
    const auto both = engine({0, 1});
    const long before = standin::allocations();
    standin::fail_allocation(k);
    OrderedResults found;
    ASSERT_NO_THROW(run(*both, found));
    failed = standin::allocations() - before >= k;
    standin::fail_allocation(0);
    failures += failed ? 1 : 0;
    expect_right(found);
  }
  EXPECT_GT(failures, 2);
}

// One device fails in the middle: its error is the call's, and both go on with the next call.
TEST_F(GpuDevicesShort, OfACallFailAsOneAndStayWhole) {
  const auto both = engine({0, 1});
  int failures = 0;
  bool failed = true;
  for (long k = 1; failed; k += 1 + (takes_all_cases() ? k / 24 : k)) {
    SCOPED_TRACE(concat("call ", k));
    const long before = standin::calls();
    standin::fail_call(k);
    OrderedResults found;
    try {
      run(*both, found);
      expect_right(found);
    } catch (const gpu::CudaError& error) {
      EXPECT_NE(std::string(error.what()).find("told to fail"), std::string::npos) << error.what();
      ++failures;
    }
    failed = standin::calls() - before >= k;
    standin::fail_call(0);
    OrderedResults again;
    run(*both, again);
    expect_right(again);
  }
  EXPECT_GT(failures, 4);
}

TEST_F(GpuDevicesShort, OfALimitTranslateAlike) {
  Random random(9 + standin_turn());
  const TranslationModel model = random_model(9);
  std::vector<Index> lengths;
  while (lengths.size() < 100) lengths.push_back(random.whole(1, 3));
  const EncodedBatch batch = random_given(random, model, lengths, false);
  const SearchPoint point{random_policies(random, model, false),
                          {.beam = FixedBeam{6}, .longest = 2, .n_best = 2}};
  Index all = 0;
  const auto search = [&](const Gpus& gpus) {
    const auto engine = gpu::make_decoder_engine(borrowed(model), {.gpus = gpus});
    std::vector<SearchResult> found = engine->search(batch, point.layers, point.search);
    all = taken_of(0);
    return found;
  };
  const std::vector<SearchResult> expected = search({});
  const Index whole = all;
  for (const std::vector<int>& numbers : std::vector<std::vector<int>>{{0}, {0, 1}})
    for (const Index part : {2, 3}) {
      if (!takes_all_cases() && part == 2 && numbers.size() == 2) continue;
      SCOPED_TRACE(concat("a part of ", part, " of ", whole, " on ", numbers.size()));
      const std::vector<SearchResult> found = search({numbers, whole / part});
      for (std::size_t n = 0; n < lengths.size(); ++n) expect_equal(found[n], expected[n]);
      EXPECT_LE(all, whole / part);
    }
}

}  // namespace
}  // namespace edgeval::test
