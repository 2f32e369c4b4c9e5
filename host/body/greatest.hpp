// The greatest output of a frame, which is all that greedy decoding reads.
#pragma once

#include "host/core/matrix.hpp"
#include "host/numeric/host_device.hpp"

namespace edgeval {

// Returns the place of the greatest of values [count], of equal ones the first; count > 0.
EDGEVAL_HD std::int32_t first_greatest(const float* values, Index count) {
  Index best = 0;
  for (Index i = 1; i < count; ++i) best = values[best] < values[i] ? i : best;
  return static_cast<std::int32_t>(best);
}

}  // namespace edgeval
