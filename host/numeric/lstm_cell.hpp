// One LSTM cell (docs/techniques.md, "Layers"): i, f, o = sigmoid, g = tanh of the pre-activations
// z; c = f c(t-1) + i g; h = o tanh(c).
#pragma once

#include "host/numeric/nonlinear.hpp"

namespace edgeval {

struct LstmCell {
  float c;
  float h;
};

// Functions is ExactFunctions or PiecewiseFunctions (piecewise.hpp).
template <class Functions>
EDGEVAL_HD_ALWAYS float lstm_state(const Functions& functions, float z_i, float z_f, float z_g,
                                   float c_before) {
  return sigmoid(functions, z_f) * c_before +
         sigmoid(functions, z_i) * hyperbolic_tangent(functions, z_g);
}
template <class Functions>
EDGEVAL_HD_ALWAYS float lstm_output(const Functions& functions, float z_o, float c) {
  return sigmoid(functions, z_o) * hyperbolic_tangent(functions, c);
}

template <class Functions>
EDGEVAL_HD_ALWAYS LstmCell lstm_cell(const Functions& functions, float z_i, float z_f, float z_g,
                                     float z_o, float c_before) {
  const float c = lstm_state(functions, z_i, z_f, z_g, c_before);
  return {c, lstm_output(functions, z_o, c)};
}

}  // namespace edgeval
