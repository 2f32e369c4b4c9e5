// The softmax over a vocabulary on the CPU (host/body/softmax.hpp), in fp32 and in integers.
// Every row is computed alone and in one order.
#pragma once

#include <cstdint>

#include "host/core/matrix.hpp"

namespace edgeval {

// z [width] -> z - max z - ln sum exp(z - max z), in place.
void log_softmax(float* z, Index width);
// z [width] in kStateBits -> y [width].
void log_softmax(const std::int32_t* z, Index width, float* y);

}  // namespace edgeval
