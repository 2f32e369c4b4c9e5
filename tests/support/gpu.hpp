// Tests that need a GPU: skipped with a reason where there is none, failed instead when
// EDGEVAL_REQUIRE_GPU=1 is set, so that a GPU machine that lost its driver is not green.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <string_view>

#include "cuda/engine.hpp"

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
