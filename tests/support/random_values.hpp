// Draws values for quantizers and weights from (-1, 1); values near 0 are the most frequent.
#pragma once

#include <cstdint>
#include <vector>

#include "host/numeric/random.hpp"

namespace edgeval::test {

inline std::vector<float> random_values(std::size_t size, std::uint64_t seed) {
  SplitMix64 random(seed);
  std::vector<float> values;
  for (std::size_t i = 0; i < size; ++i)
    values.push_back(static_cast<float>(random.uniform() + random.uniform() - 1));
  return values;
}

}  // namespace edgeval::test
