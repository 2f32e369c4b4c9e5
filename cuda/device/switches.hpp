// Switches of the environment that change how the GPU engine runs, never its results: EDGEVAL_SYNC
// (launch.cpp) and EDGEVAL_POISON (memory.cpp).
#pragma once

#include <cstdlib>
#include <cstring>

namespace edgeval::gpu {

// Returns whether the variable `name` is 1.
inline bool switched_on(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr && std::strcmp(value, "1") == 0;
}

}  // namespace edgeval::gpu
