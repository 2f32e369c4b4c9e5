// One LSTM cell in integers: c = f c(t-1) + i g rounded once, h = o tanh(c) rounded once.
#pragma once

#include "host/numeric/activation_table.hpp"

namespace edgeval {

struct FixedLstmCell {
  std::int32_t c;   // with kStateBits fraction bits
  std::int32_t oh;  // o tanh(c), with 2 kUnitBits fraction bits
};

// These functions take pre-activations and c_before with kStateBits fraction bits. Tables is
// ActivationTables or PiecewiseFunctions (piecewise.hpp).
template <class Tables>
EDGEVAL_HD_ALWAYS std::int32_t lstm_state(const Tables& tables, std::int32_t z_i, std::int32_t z_f,
                                          std::int32_t z_g, std::int32_t c_before) {
  // kept has kUnitBits + kStateBits fraction bits, added has 2 kUnitBits.
  const std::int64_t kept = static_cast<std::int64_t>(table_sigmoid(tables, z_f)) * c_before;
  const std::int32_t added = table_sigmoid(tables, z_i) * table_tanh(tables, z_g);
  const std::int64_t sum = kept + (static_cast<std::int64_t>(added) << (kStateBits - kUnitBits));
  return static_cast<std::int32_t>(saturate(round_shift(sum, kUnitBits), 32));
}
template <class Tables>
EDGEVAL_HD_ALWAYS std::int32_t lstm_output(const Tables& tables, std::int32_t z_o, std::int32_t c) {
  return table_sigmoid(tables, z_o) * table_tanh(tables, c);
}

template <class Tables>
EDGEVAL_HD_ALWAYS FixedLstmCell fixed_lstm_cell(const Tables& tables, std::int32_t z_i,
                                                std::int32_t z_f, std::int32_t z_g,
                                                std::int32_t z_o, std::int32_t c_before) {
  const std::int32_t c = lstm_state(tables, z_i, z_f, z_g, c_before);
  return {c, lstm_output(tables, z_o, c)};
}

}  // namespace edgeval
