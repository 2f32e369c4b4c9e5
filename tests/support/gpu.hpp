// EDGEVAL_NEEDS_GPU() marks a test that needs a GPU. Without a GPU the test is skipped with a
// reason; under EDGEVAL_REQUIRE_GPU=1 it fails, so that a GPU machine that lost its driver does not
// pass.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string_view>
#include <vector>

#include "cuda/engine.hpp"
#include "tests/support/paths.hpp"

namespace edgeval::test {

// Whether the GPU is the stand-in of tests/standin, on which a case takes a hundred times as long.
#ifdef EDGEVAL_STANDIN
inline constexpr bool kOnStandin = true;
#else
inline constexpr bool kOnStandin = false;
#endif

// Whether tests take all of their cases; on the stand-in they do when EDGEVAL_FULL is set.
inline bool takes_all_cases() { return !kOnStandin || takes_whole_sets(); }

// On the stand-in tests take every seventh case, unless they take all.
inline constexpr std::uint64_t kCaseStride = 7;

// Returns which seventh of the cases the stand-in takes: EDGEVAL_STANDIN_SEED - 1, or 0 when the
// variable is not set or the GPU is a device.
inline std::uint64_t standin_turn() {
  const char* value = kOnStandin ? std::getenv("EDGEVAL_STANDIN_SEED") : nullptr;
  return value == nullptr ? 0 : std::strtoull(value, nullptr, 10) - 1;
}

// Returns the seeds of a test's cases, from first to last. On the stand-in these are every seventh
// seed, and others for each EDGEVAL_STANDIN_SEED, unless tests take all cases.
inline std::vector<std::uint64_t> case_seeds(std::uint64_t first, std::uint64_t last) {
  const bool all = takes_all_cases();
  std::vector<std::uint64_t> seeds;
  for (std::uint64_t seed = first; seed <= last; ++seed)
    if (all ||
        (seed - first) % kCaseStride == standin_turn() % std::min(kCaseStride, last - first + 1))
      seeds.push_back(seed);
  return seeds;
}

}  // namespace edgeval::test

#define EDGEVAL_NEEDS_GPU()                                                                   \
  do {                                                                                        \
    if (::edgeval::gpu::devices().empty()) {                                                  \
      const char* required = std::getenv("EDGEVAL_REQUIRE_GPU");                              \
      if (required != nullptr && std::string_view(required) == "1")                           \
        FAIL() << "EDGEVAL_REQUIRE_GPU=1, but there is no usable GPU";                        \
      GTEST_SKIP() << (::edgeval::gpu::built_with_cuda() ? "there is no usable GPU"           \
                                                         : "edgeval was built without CUDA"); \
    }                                                                                         \
  } while (false)
