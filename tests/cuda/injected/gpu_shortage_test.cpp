// Allocations of a run fail, one in each run, then calls of any kind. Each run ends in the result
// of a run without trouble or in one clear error, the engine goes on as if nothing had happened,
// and nothing leaks. The tests run on the stand-in for CUDA, which fails the calls that it is told
// to (tests/standin/control.hpp). Every third allocation fails, other ones with another seed, and
// with EDGEVAL_FULL each.
#include <optional>

#include "cuda/device/error.hpp"
#include "tests/cuda/compare.hpp"
#include "tests/standin/control.hpp"
#include "tests/support/borrowed.hpp"
#include "tests/support/translation_case.hpp"

namespace edgeval::test {
namespace {

// Returns a case of two recurrent layers and a linear one in integers, with enough steps for
// recorded graphs, and with a beam.
Case two_layers() {
  Case c{
      .model = random_model(
          {.inputs = 6, .lstm = {{7, kBothDirections}, {.cells = 5, .kind = kGru}}, .outputs = 3},
          1),
      .point = {},
      .features = {}};
  const LayerPolicy policy{
      .plan = EveryStep{}, .operand = AsIs{}, .arithmetic = Int8{{.input_bits = 5}}};
  c.point.layers = {policy, policy, policy};
  c.point.layers[0].operand = Reuse{.clusters = 16, .range_min = -1.5, .range_max = 1.5};
  c.point.layers[1].operand = Memoized{.threshold = 0.5};
  c.point.beam = FixedBeam{3};
  Random random(2);
  c.features = random_batch(random, {36, 35, 0, 36}, 6);
  return c;
}

bool equal(const BatchResult& a, const BatchResult& b) {
  return a.activity == b.activity && same_bits(a.outputs, b.outputs) && a.searches == b.searches;
}

// How a program may end under a shortage.
enum class End { kResult, kUsersError, kOutOfMemory, kCudaError };

template <class Work>
End end_of(const Work& work) {
  try {
    work();
    return End::kResult;
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("memory"), std::string::npos) << error.what();
    return End::kUsersError;
  } catch (const std::bad_alloc& error) {
    EXPECT_NE(std::string(error.what()).find("cudaErrorMemoryAllocation"), std::string::npos)
        << error.what();
    return End::kOutOfMemory;
  } catch (const gpu::CudaError& error) {
    EXPECT_STRNE(error.what(), "");
    return End::kCudaError;
  }
}

class GpuShortage : public testing::Test {
 protected:
  // The first allocation that fails, and how many from it to the next.
  const long step_ = takes_all_cases() ? 1 : 3;
  const long first_ = 1 + static_cast<long>(standin_turn() % static_cast<std::uint64_t>(step_));

  void SetUp() override {
    EDGEVAL_NEEDS_GPU();
    bytes_ = standin::live_bytes();
    objects_ = standin::live_objects();
  }
  void TearDown() override {
    standin::fail_allocation(0);
    standin::fail_call(0);
  }
  void expect_no_leaks() const {
    ASSERT_EQ(standin::live_bytes(), bytes_);
    ASSERT_EQ(standin::live_objects(), objects_);
  }

 private:
  std::size_t bytes_ = 0;
  long objects_ = 0;
};

TEST_F(GpuShortage, OfAnyAllocationEndsInTheSameResultOrOneError) {
  const Case c = two_layers();
  const BatchResult expected = make_cpu_engine(borrowed(c.model), {})->run(c.features, c.point);
  int results = 0, errors = 0;
  bool failed = true;
  for (long k = first_; failed; k += step_) {
    SCOPED_TRACE(concat("allocation ", k));
    ASSERT_LT(k, 2000);
    {
      std::unique_ptr<Engine> engine;
      const long before = standin::allocations();
      standin::fail_allocation(k);
      const End end = end_of([&] {
        engine = gpu::make_engine(borrowed(c.model), {});
        ASSERT_TRUE(equal(engine->run(c.features, c.point), expected));
      });
      failed = standin::allocations() - before >= k;
      standin::fail_allocation(0);
      ASSERT_TRUE(end == End::kResult || end == End::kUsersError);
      ++(end == End::kResult ? results : errors);
      if (engine) {
        ASSERT_TRUE(equal(engine->run(c.features, c.point), expected));
      }
    }
    ASSERT_NO_FATAL_FAILURE(expect_no_leaks());
  }
  // A passing shortage may be an error only before there is an engine, which can halve its lanes.
  EXPECT_GT(results, 50 / step_);
  EXPECT_LT(errors, 10);
}

// An observer keeps what it saw of a part, or its caller is told that this is void.
TEST_F(GpuShortage, IsTheCallersOnceAnObserverHasSeenSomeOfAPart) {
  constexpr long kLast = 20;
  const Case c = two_layers();
  Plans expected;
  const BatchResult result =
      make_cpu_engine(borrowed(c.model), {})->run(c.features, c.point, &expected);
  const long all = [&] {
    const std::unique_ptr<Engine> engine = gpu::make_engine(borrowed(c.model), {});
    const long before = standin::allocations();
    Plans seen;
    engine->run(c.features, c.point, &seen);
    return standin::allocations() - before;
  }();
  int told = 0;
  bool failed = true;
  // Only the last allocations come after an observer has seen something, so each of these fails.
  for (long k = first_; failed; k += k + kLast > all ? 1 : step_) {
    SCOPED_TRACE(concat("allocation ", k));
    const std::unique_ptr<Engine> engine = gpu::make_engine(borrowed(c.model), {});
    const long before = standin::allocations();
    standin::fail_allocation(k);
    Plans seen;
    const End end =
        end_of([&] { ASSERT_TRUE(equal(engine->run(c.features, c.point, &seen), result)); });
    failed = standin::allocations() - before >= k;
    standin::fail_allocation(0);
    ASSERT_TRUE(end == End::kResult || end == End::kOutOfMemory);
    if (end == End::kResult) {
      ASSERT_EQ(seen.plans, expected.plans);
    } else {
      ++told;
    }
  }
  EXPECT_GT(told, 0);
}

TEST_F(GpuShortage, OfAnyCallEndsInOneErrorAndLeavesTheEngineWhole) {
  const Case c = two_layers();
  const BatchResult expected = make_cpu_engine(borrowed(c.model), {})->run(c.features, c.point);
  long calls = 0;
  for (long k = 1; calls == 0 || k <= calls; k += 1 + k / 24) {
    SCOPED_TRACE(concat("call ", k));
    {
      std::unique_ptr<Engine> engine;
      const long before = standin::calls();
      standin::fail_call(k);
      const End end = end_of([&] {
        engine = gpu::make_engine(borrowed(c.model), {});
        ASSERT_TRUE(equal(engine->run(c.features, c.point), expected));
      });
      standin::fail_call(0);
      if (end == End::kResult) calls = standin::calls() - before;
      ASSERT_TRUE(end == End::kResult || end == End::kCudaError);
      if (engine) {
        ASSERT_TRUE(equal(engine->run(c.features, c.point), expected));
      }
    }
    ASSERT_NO_FATAL_FAILURE(expect_no_leaks());
  }
  EXPECT_GT(calls, 300);
}

// Devices with ever less memory run several parts, until a single lane is too much.
TEST_F(GpuShortage, OfADeviceHalvesTheLanes) {
  Case c = two_layers();
  Random random(4);
  c.features = random_batch(random, {180, 170, 0, 160}, 6);
  Plans whole;
  const BatchResult expected =
      make_cpu_engine(borrowed(c.model), {})->run(c.features, c.point, &whole);
  std::size_t most_parts = 1;
  bool fits = true;
  const std::size_t kept =
      takes_all_cases() ? 31 : 26;  // 32nds of a device's memory that the next one has
  for (std::size_t bytes = std::size_t{2} << 20; fits && bytes > 1000; bytes = bytes * kept / 32) {
    SCOPED_TRACE(bytes);
    standin::set_memory(bytes);
    Plans seen;
    const End end = end_of([&] {
      ASSERT_TRUE(equal(gpu::make_engine(borrowed(c.model), {})->run(c.features, c.point, &seen),
                        expected));
    });
    ASSERT_TRUE(end == End::kResult || end == End::kUsersError);
    fits = end == End::kResult;
    if (fits) most_parts = std::max(most_parts, seen.shapes.size() / whole.shapes.size());
  }
  standin::set_memory(std::size_t{8} << 30);
  EXPECT_FALSE(fits);
  EXPECT_GT(most_parts, 1U);
}

TEST_F(GpuShortage, OfADecodersAllocationEndsInTheSameResultOrOneError) {
  Random random(3);
  const TranslationModel model = random_model(16003);
  const OperatingPoint point = random_policies(random, model, false);
  const SearchOptions options{.beam = FixedBeam{3}, .longest = 6, .n_best = 2};
  const EncodedBatch batch = random_given(random, model, {3, 5, 2, 4}, false);
  const auto expected =
      make_cpu_decoder_engine(borrowed(model), {.threads = 1})->search(batch, point, options);
  const auto same = [&](const std::vector<SearchResult>& found) {
    bool all = found.size() == expected.size();
    for (std::size_t n = 0; all && n < found.size(); ++n)
      all = found[n].activity == expected[n].activity && found[n].counts == expected[n].counts &&
            found[n].best.front().tokens == expected[n].best.front().tokens;
    return all;
  };
  int errors = 0;
  bool failed = true;
  for (long k = first_; failed; k += step_) {
    SCOPED_TRACE(concat("allocation ", k));
    {
      const auto engine = gpu::make_decoder_engine(borrowed(model));
      const long before = standin::allocations();
      standin::fail_allocation(k);
      const End end = end_of([&] { ASSERT_TRUE(same(engine->search(batch, point, options))); });
      failed = standin::allocations() - before >= k;
      standin::fail_allocation(0);
      ASSERT_TRUE(end == End::kResult || end == End::kUsersError);
      errors += end == End::kResult ? 0 : 1;
      ASSERT_TRUE(same(engine->search(batch, point, options)));
    }
    ASSERT_NO_FATAL_FAILURE(expect_no_leaks());
  }
  EXPECT_EQ(errors, 0);
}

}  // namespace
}  // namespace edgeval::test
