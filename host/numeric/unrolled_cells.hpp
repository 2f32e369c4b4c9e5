// One cell of SRU and QRNN (docs/cells.md), the layers whose products see x only, so that the rest
// of the recurrence is element by element:
//   c = f c(t-1) + (1 - f) y        SRU: y = W x; QRNN: y = tanh(W x)
//   SRU   h = r g(c) + (1 - r) x    QRNN   h = o g(c)       g(c) = c or tanh(c)
// In integers c, y and x have kStateBits fraction bits, and every line is rounded once.
#pragma once

#include "host/numeric/activation_table.hpp"
#include "host/numeric/blend.hpp"
#include "host/numeric/nonlinear.hpp"
#include "host/numeric/piecewise.hpp"

namespace edgeval {

// g(c), in the format of c.
template <bool kTanh, class Functions>
EDGEVAL_HD_ALWAYS float shown_state(const Functions& functions, float c) {
  if constexpr (kTanh) return hyperbolic_tangent(functions, c);
  return c;
}
template <bool kTanh, class Functions>
EDGEVAL_HD_ALWAYS std::int32_t shown_state(const Functions& functions, std::int32_t c) {
  if constexpr (kTanh) return table_tanh(functions, c) << (kStateBits - kUnitBits);
  return c;
}

template <class Functions>
EDGEVAL_HD_ALWAYS float sru_state(const Functions& functions, float z_f, float y, float c) {
  return blend(sigmoid(functions, z_f), c, y);
}
template <class Functions>
EDGEVAL_HD_ALWAYS std::int32_t sru_state(const Functions& functions, std::int32_t z_f,
                                         std::int32_t y, std::int32_t c) {
  return blend(table_sigmoid(functions, z_f), c, y);
}

template <bool kTanh, class Functions>
EDGEVAL_HD_ALWAYS float sru_output(const Functions& functions, float z_r, float c, float x) {
  return blend(sigmoid(functions, z_r), shown_state<kTanh>(functions, c), x);
}
template <bool kTanh, class Functions>
EDGEVAL_HD_ALWAYS std::int32_t sru_output(const Functions& functions, std::int32_t z_r,
                                          std::int32_t c, std::int32_t x) {
  return blend(table_sigmoid(functions, z_r), shown_state<kTanh>(functions, c), x);
}

template <class Functions>
EDGEVAL_HD_ALWAYS float qrnn_state(const Functions& functions, float z_f, float z_y, float c) {
  return blend(sigmoid(functions, z_f), c, hyperbolic_tangent(functions, z_y));
}
template <class Functions>
EDGEVAL_HD_ALWAYS std::int32_t qrnn_state(const Functions& functions, std::int32_t z_f,
                                          std::int32_t z_y, std::int32_t c) {
  return blend(table_sigmoid(functions, z_f), c,
               table_tanh(functions, z_y) << (kStateBits - kUnitBits));
}

// o g(c). In integers the result has kStateBits + kUnitBits fraction bits.
template <bool kTanh, class Functions>
EDGEVAL_HD_ALWAYS float qrnn_output(const Functions& functions, float z_o, float c) {
  return sigmoid(functions, z_o) * shown_state<kTanh>(functions, c);
}
template <bool kTanh, class Functions>
EDGEVAL_HD_ALWAYS std::int64_t qrnn_output(const Functions& functions, std::int32_t z_o,
                                           std::int32_t c) {
  return static_cast<std::int64_t>(table_sigmoid(functions, z_o)) *
         shown_state<kTanh>(functions, c);
}

}  // namespace edgeval
