// One GRU cell (docs/cells.md): r, z = sigmoid, n = tanh; h = z h(t-1) + (1 - z) n. The reset gate
// r multiplies either the product U h of the candidate, n = tanh(a + r b) ("after": Keras, cuDNN,
// PyTorch), or h before that product, n = tanh(z_n) ("before": Cho et al. 2014).
//
// In integers h has kStateBits fraction bits, as the pre-activations have; r b and h are each
// rounded once.
#pragma once

#include "host/numeric/activation_table.hpp"
#include "host/numeric/blend.hpp"
#include "host/numeric/nonlinear.hpp"
#include "host/numeric/piecewise.hpp"

namespace edgeval {

// The candidate's pre-activation, with a = W x + b_in and b = U h + b_hn.
template <class Functions>
EDGEVAL_HD_ALWAYS float gru_candidate(const Functions& functions, float z_r, float a, float b) {
  return a + sigmoid(functions, z_r) * b;
}
template <class Functions>
EDGEVAL_HD_ALWAYS std::int32_t gru_candidate(const Functions& functions, std::int32_t z_r,
                                             std::int32_t a, std::int32_t b) {
  const std::int64_t scaled = static_cast<std::int64_t>(table_sigmoid(functions, z_r)) * b;
  return static_cast<std::int32_t>(saturate(a + round_shift(scaled, kUnitBits), 32));
}

// r h, which the candidate's matrix multiplies where the reset gate comes before the product. In
// integers it has kStateBits + kUnitBits fraction bits.
template <class Functions>
EDGEVAL_HD_ALWAYS float gru_reset(const Functions& functions, float z_r, float h) {
  return sigmoid(functions, z_r) * h;
}
template <class Functions>
EDGEVAL_HD_ALWAYS std::int64_t gru_reset(const Functions& functions, std::int32_t z_r,
                                         std::int32_t h) {
  return static_cast<std::int64_t>(table_sigmoid(functions, z_r)) * h;
}

template <class Functions>
EDGEVAL_HD_ALWAYS float gru_state(const Functions& functions, float z_z, float z_n, float h) {
  return blend(sigmoid(functions, z_z), h, hyperbolic_tangent(functions, z_n));
}
template <class Functions>
EDGEVAL_HD_ALWAYS std::int32_t gru_state(const Functions& functions, std::int32_t z_z,
                                         std::int32_t z_n, std::int32_t h) {
  return blend(table_sigmoid(functions, z_z), h,
               table_tanh(functions, z_n) << (kStateBits - kUnitBits));
}

}  // namespace edgeval
