// The greatest output of a frame, which is what greedy decoding reads of it.
#pragma once

#include "host/core/matrix.hpp"
#include "host/numeric/host_device.hpp"

namespace edgeval {

// Of values [count], count > 0: the place of the greatest; of equal ones the first.
EDGEVAL_HD std::int32_t first_greatest(const float* values, Index count) {
  Index best = 0;
  for (Index i = 1; i < count; ++i) best = values[best] < values[i] ? i : best;
  return static_cast<std::int32_t>(best);
}

}  // namespace edgeval
