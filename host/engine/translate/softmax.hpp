// The softmax over a vocabulary on the CPU (host/body/softmax.hpp), in fp32 and in integers.
// Every row is computed alone and in one order.
#pragma once

#include <cstdint>

#include "host/core/matrix.hpp"

namespace edgeval {

// Replaces z [width] by its log-softmax, z - max z - ln sum exp(z - max z).
void log_softmax(float* z, Index width);
// Writes the log-softmax of z [width], which has kStateBits fraction bits, to y [width], in units
// of 1.
void log_softmax(const std::int32_t* z, Index width, float* y);

}  // namespace edgeval
