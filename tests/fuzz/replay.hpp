// All targets of one program, by name. CMakeLists.txt writes their list.
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
