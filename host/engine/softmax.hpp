// The softmax of a row on the CPU, in fp32 and in integers (host/numeric/softmax.hpp has the formats). Every row is
// computed alone and in one order.
#pragma once

#include <cstdint>
#include <vector>

#include "host/core/matrix.hpp"

namespace edgeval {

// z [width] -> z - max z - ln sum exp(z - max z), in place.
void log_softmax(float* z, Index width);
// z [width] in kStateBits -> y [width].
void log_softmax(const std::int32_t* z, Index width, float* y);

// scores [width] -> shares of 1, in place. Returns the place of the greatest, of equal ones the first.
Index softmax(float* scores, Index width);

// In integers the shares are weights in kExpBits over their sum.
struct FixedShares {
  std::vector<std::int64_t> weights;
  std::int64_t sum = 0;
};
// scores with so many fraction bits.
Index softmax(const std::vector<std::int64_t>& scores, int fraction_bits, FixedShares& shares);

}  // namespace edgeval
