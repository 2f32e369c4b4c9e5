// The numbers of an arithmetic inside the cells: how the sums of a product become a pre-activation, and the cell itself.
// One such struct a layer and direction; trivially copyable, its pointers in the memory of the device that uses it.
#pragma once

#include "host/core/matrix.hpp"
#include "host/numeric/fixed_lstm_cell.hpp"
#include "host/numeric/lstm_cell.hpp"
#include "host/numeric/piecewise.hpp"

namespace edgeval {

struct FloatNumbers {
  using Sum = float;
  using State = float;  // of c and of z
  struct Cell {
    State c;
    float h;
  };

  const float* bias;

  EDGEVAL_HD double product(Sum wx, Sum uh, Index) const { return static_cast<double>(wx + uh); }  // W x + U h
  EDGEVAL_HD double state(State c) const { return static_cast<double>(c); }
  EDGEVAL_HD State preactivation(Sum wx, Sum uh, Index at) const { return (wx + uh) + bias[at]; }
  EDGEVAL_HD float value(Sum sum, Index at) const { return sum + bias[at]; }  // of a linear layer
  EDGEVAL_HD Cell lstm(State z_i, State z_f, State z_g, State z_o, State c_before) const {
    return lstm(ExactFunctions{}, z_i, z_f, z_g, z_o, c_before);
  }
  template <class Functions>
  EDGEVAL_HD Cell lstm(const Functions& functions, State z_i, State z_f, State z_g, State z_o, State c_before) const {
    const LstmCell next = lstm_cell(functions, z_i, z_f, z_g, z_o, c_before);
    return {next.c, next.h};
  }
};

// Sums of both products are brought to a common scale of `sum_bits` fraction bits, added exactly, and rounded once.
template <class SumT>
struct FixedNumbers {
  using Sum = SumT;
  using State = std::int32_t;  // kStateBits fraction bits
  struct Cell {
    State c;
    float h;  // a multiple of 2^-h_bits
  };

  const std::int64_t* bias;    // sum_bits, the products' offsets included
  const std::int64_t* offset;  // sum_bits, the products' offsets alone
  int up_x, up_h;            // shifts of the sums to the common scale
  int sum_bits;              // above kStateBits
  double inverse;            // 2^-sum_bits
  int h_bits;                // fraction bits of h; its width is one more
  float h_inverse;           // 2^-h_bits
  ActivationTables tables;

  EDGEVAL_HD std::int64_t aligned(Sum wx, Sum uh) const {
    return (static_cast<std::int64_t>(wx) << up_x) + (static_cast<std::int64_t>(uh) << up_h);
  }
  // W x + U h in units of 2^-sum_bits.
  EDGEVAL_HD double product(Sum wx, Sum uh, Index at) const {
    return static_cast<double>(aligned(wx, uh) + offset[at]);
  }
  EDGEVAL_HD double state(State c) const { return static_cast<double>(c); }
  EDGEVAL_HD State preactivation(Sum wx, Sum uh, Index at) const {
    const std::int64_t sum = aligned(wx, uh) + bias[at];
    return static_cast<State>(saturate(round_shift(sum, sum_bits - kStateBits), 32));
  }
  EDGEVAL_HD float value(Sum sum, Index at) const {
    return static_cast<float>(static_cast<double>((static_cast<std::int64_t>(sum) << up_x) + bias[at]) * inverse);
  }
  EDGEVAL_HD Cell lstm(State z_i, State z_f, State z_g, State z_o, State c_before) const {
    return lstm(tables, z_i, z_f, z_g, z_o, c_before);
  }
  template <class Functions>
  EDGEVAL_HD Cell lstm(const Functions& functions, State z_i, State z_f, State z_g, State z_o, State c_before) const {
    const FixedLstmCell next = fixed_lstm_cell(functions, z_i, z_f, z_g, z_o, c_before);
    const std::int64_t h = saturate(round_shift(next.oh, 2 * kUnitBits - h_bits), h_bits + 1);
    return {next.c, static_cast<float>(h) * h_inverse};
  }
};

// The same numbers with other functions in the cells than their own (the nonlinearity axis).
template <class Numbers>
struct PiecewiseNumbers : Numbers {
  using State = typename Numbers::State;

  PiecewiseFunctions functions;

  EDGEVAL_HD typename Numbers::Cell lstm(State z_i, State z_f, State z_g, State z_o, State c_before) const {
    return Numbers::lstm(functions, z_i, z_f, z_g, z_o, c_before);
  }
};

// 8-bit products whose steps are any numbers, the rest of the cell in fp32 (dynamic precision under fp32).
struct QuantizedNumbers {
  using Sum = std::int32_t;
  using State = FloatNumbers::State;
  using Cell = FloatNumbers::Cell;

  FloatNumbers rest;
  const std::int64_t *offset_x, *offset_h;  // of the products
  double step_x, step_h;                    // z = step_x (W x) + step_h (U h) + b, rounded once

  EDGEVAL_HD double state(State c) const { return rest.state(c); }
  EDGEVAL_HD State preactivation(Sum wx, Sum uh, Index at) const {
    const double x = step_x * static_cast<double>(wx + offset_x[at]), h = step_h * static_cast<double>(uh + offset_h[at]);
    return static_cast<float>((x + h) + static_cast<double>(rest.bias[at]));
  }
  EDGEVAL_HD Cell lstm(State z_i, State z_f, State z_g, State z_o, State c_before) const {
    return rest.lstm(z_i, z_f, z_g, z_o, c_before);
  }
  template <class Functions>
  EDGEVAL_HD Cell lstm(const Functions& functions, State z_i, State z_f, State z_g, State z_o, State c_before) const {
    return rest.lstm(functions, z_i, z_f, z_g, z_o, c_before);
  }
};

}  // namespace edgeval
