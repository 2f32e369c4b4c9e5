// What the engine keeps from run to run is complete or absent: after a first run that ran out of
// memory at any allocation, a second run gives what an undisturbed engine gives. The program's own
// operator new counts the allocations of all its threads.
#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <new>

#include "tests/support/borrowed.hpp"
#include "tests/support/random_case.hpp"
#include "tests/support/safetensors.hpp"

namespace {

std::atomic<long> left{-1};  // allocations before the one that fails; below 0 if none fails

}  // namespace

// These functions are not inlined, so that compilers do not warn of malloc paired with delete.
[[gnu::noinline]] void* operator new(std::size_t bytes) {
  if (left >= 0 && left-- == 0) throw std::bad_alloc();
  if (void* memory = std::malloc(bytes > 0 ? bytes : 1)) return memory;
  throw std::bad_alloc();
}
[[gnu::noinline]] void operator delete(void* memory) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }

namespace edgeval::test {
namespace {

struct Choice {
  const char* name;
  LayerPolicy policy;
};

void PrintTo(const Choice& choice, std::ostream* out) { *out << choice.name; }

class OutOfMemory : public testing::TestWithParam<Choice> {};

TEST_P(OutOfMemory, LeavesNoWeightsHalfPacked) {
  const Model model = random_model({.inputs = 3, .lstm = {{5, kBothDirections}}, .outputs = 2}, 1);
  Random random(2);
  const Ragged<float> features = random_batch(random, {4, 2}, 3);
  OperatingPoint point = dense_point(model);
  point.layers[0] = GetParam().policy;
  const BatchResult expected =
      make_cpu_engine(borrowed(model), {.threads = 1})->run(features, point);
  bool failed = true;
  int places = 0;
  for (; failed && places < 100000; ++places) {
    const std::unique_ptr<Engine> engine = make_cpu_engine(borrowed(model), {.threads = 1});
    failed = false;
    left = places;
    try {
      engine->run(features, point);
    } catch (const std::bad_alloc&) {
      failed = true;
    }
    left = -1;
    const BatchResult again = engine->run(features, point);
    ASSERT_EQ(again.activity, expected.activity) << "allocation " << places;
    ASSERT_TRUE(std::ranges::equal(again.outputs.values.values(), expected.outputs.values.values()))
        << "allocation " << places;
  }
  EXPECT_FALSE(failed);
  EXPECT_GT(places, 20);
}

INSTANTIATE_TEST_SUITE_P(
    Weights, OutOfMemory,
    testing::Values(Choice{"Fp32", {EveryStep{}, AsIs{}, Fp32{}}},
                    Choice{"Int16", {EveryStep{}, AsIs{}, Int16{{.input_bits = 13}}}},
                    Choice{"Int8", {EveryStep{}, AsIs{}, Int8{{.input_bits = 5}}}},
                    Choice{"Memoized", {EveryStep{}, Memoized{.threshold = 0.5}, Fp32{}}}),
    [](const auto& info) { return info.param.name; });

}  // namespace
}  // namespace edgeval::test
