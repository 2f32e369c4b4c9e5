// All targets in one program, by name. Their list is written by CMakeLists.txt.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace edgeval::fuzz {

struct Target {
  const char* name;
  int (*run)(const std::uint8_t* data, std::size_t size);
};

extern const std::vector<Target> kTargets;

}  // namespace edgeval::fuzz
