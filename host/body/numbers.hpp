// The numbers of an arithmetic inside the cells: how the sums of a product become a pre-activation,
// and the cell itself. Each layer and direction has one such struct. It is trivially copyable, and
// its pointers lead to the memory of the device that uses it.
#pragma once

#include "host/core/matrix.hpp"
#include "host/numeric/fixed_lstm_cell.hpp"
#include "host/numeric/lstm_cell.hpp"
#include "host/numeric/piecewise.hpp"

namespace edgeval {

struct FloatNumbers {
  using Sum = float;
  using State = float;  // type of c and of z
  struct Cell {
    State c;
    float h;
  };

  const float* bias;
  // [H], of a GRU's candidate: it stands inside the product with the reset gate.
  const float* recurrent_bias = nullptr;
  const float* diagonal = nullptr;  // what multiplies c: peepholes, or an SRU's v

  // Returns W x + U h.
  EDGEVAL_HD_ALWAYS double product(Sum wx, Sum uh, Index) const {
    return static_cast<double>(wx + uh);
  }
  EDGEVAL_HD_ALWAYS State preactivation(Sum wx, Sum uh, Index at) const {
    return (wx + uh) + bias[at];
  }
  // Returns an output of a linear layer.
  EDGEVAL_HD_ALWAYS float value(Sum sum, Index at) const { return sum + bias[at]; }
  // The halves of a pre-activation, where a cell keeps them apart. In recurrent_part `at` counts
  // the H rows of the candidate.
  EDGEVAL_HD_ALWAYS State input_part(Sum wx, Index at) const { return wx + bias[at]; }
  EDGEVAL_HD_ALWAYS State recurrent_part(Sum uh, Index at) const { return uh + recurrent_bias[at]; }
  EDGEVAL_HD_ALWAYS State plus_diagonal(State z, Index at, State c) const {
    return z + diagonal[at] * c;
  }
  EDGEVAL_HD_ALWAYS State state_of(float x) const { return x; }
  // output gives h, within (-1, 1), from what a cell returns, which in integers has the given
  // number of fraction bits. wide gives an h that is as wide as c.
  EDGEVAL_HD_ALWAYS float output(float value, int) const { return value; }
  EDGEVAL_HD_ALWAYS float wide(State value) const { return value; }
  EDGEVAL_HD_ALWAYS float projected(Sum sum, Index) const { return sum; }
  EDGEVAL_HD_ALWAYS ExactFunctions curves() const { return {}; }
  EDGEVAL_HD_ALWAYS Cell lstm(State z_i, State z_f, State z_g, State z_o, State c_before) const {
    return lstm(ExactFunctions{}, z_i, z_f, z_g, z_o, c_before);
  }
  template <class Functions>
  EDGEVAL_HD_ALWAYS Cell lstm(const Functions& functions, State z_i, State z_f, State z_g,
                              State z_o, State c_before) const {
    const LstmCell next = lstm_cell(functions, z_i, z_f, z_g, z_o, c_before);
    return {next.c, next.h};
  }
};

// In integers the sums of both products are brought to a common scale of `sum_bits` fraction bits,
// added exactly, and rounded once.
template <class SumT>
struct FixedNumbers {
  using Sum = SumT;
  using State = std::int32_t;  // with kStateBits fraction bits
  static constexpr int kDiagonalUp = 16;
  struct Cell {
    State c;
    float h;  // a multiple of 2^-h_bits
  };

  // The bias with sum_bits fraction bits, the offsets of the products included.
  const std::int64_t* bias;
  const std::int64_t* offset;  // the offsets of the products alone, with sum_bits fraction bits
  int up_x, up_h;              // shifts of the sums to the common scale
  int sum_bits;                // fraction bits of the common scale, more than kStateBits
  float inverse;               // 2^-sum_bits
  int h_bits;                  // fraction bits of h, which has one bit more in all
  float h_inverse;             // 2^-h_bits
  ActivationTables tables;

  // [H], of a GRU's candidate: with sum_bits fraction bits, the offset of the product included.
  const std::int64_t* recurrent_bias = nullptr;
  const std::int32_t* diagonal = nullptr;           // what multiplies c: peepholes, or an SRU's v
  int diagonal_bits = 0;                            // fraction bits of `diagonal`, from -15 to 46
  const std::int64_t* projection_offset = nullptr;  // [P], offset of the projection's product
  int projection_shift = 1;                         // shift of the projection's sums to h's format
  float projection_inverse = 1;                     // 2^-(fraction bits of h behind a projection)
  Grid x_grid{};                                    // grid of the layer's input

  EDGEVAL_HD std::int64_t aligned(Sum wx, Sum uh) const {
    return (static_cast<std::int64_t>(wx) << up_x) + (static_cast<std::int64_t>(uh) << up_h);
  }
  // Returns W x + U h in units of 2^-sum_bits.
  EDGEVAL_HD double product(Sum wx, Sum uh, Index at) const {
    return static_cast<double>(aligned(wx, uh) + offset[at]);
  }
  EDGEVAL_HD_ALWAYS State preactivation(Sum wx, Sum uh, Index at) const {
    return rounded_state(aligned(wx, uh) + bias[at]);
  }
  EDGEVAL_HD float value(Sum sum, Index at) const {
    return static_cast<float>((static_cast<std::int64_t>(sum) << up_x) + bias[at]) * inverse;
  }
  EDGEVAL_HD State input_part(Sum wx, Index at) const {
    return rounded_state((static_cast<std::int64_t>(wx) << up_x) + bias[at]);
  }
  EDGEVAL_HD State recurrent_part(Sum uh, Index at) const {
    return rounded_state((static_cast<std::int64_t>(uh) << up_h) + recurrent_bias[at]);
  }
  // The product of 16 bits and 32 bits, with 16 more bits below the point, stays below 2^63.
  EDGEVAL_HD State plus_diagonal(State z, Index at, State c) const {
    const std::int64_t product =
        static_cast<std::int64_t>(diagonal[at]) * c * (std::int64_t{1} << kDiagonalUp);
    return static_cast<State>(saturate(z + round_shift(product, diagonal_bits + kDiagonalUp), 32));
  }
  EDGEVAL_HD State state_of(float x) const {
    const float scaled = x_grid.snap(x) * static_cast<float>(1 << kStateBits);  // exact
    if (scaled >= 0x1p31F) return 0x7FFFFFFF;
    return round_half_away(clamp(scaled, -0x1p31F, 0x1p31F));
  }
  EDGEVAL_HD float output(std::int64_t value, int fraction_bits) const {
    return static_cast<float>(saturate(round_shift(value, fraction_bits - h_bits), h_bits + 1)) *
           h_inverse;
  }
  EDGEVAL_HD float wide(State value) const {
    return static_cast<float>(value) * (1.0F / (1 << kStateBits));
  }
  EDGEVAL_HD float projected(Sum sum, Index at) const {
    const std::int64_t code =
        saturate(round_shift(sum + projection_offset[at], projection_shift), h_bits + 1);
    return static_cast<float>(code) * projection_inverse;
  }
  EDGEVAL_HD const ActivationTables& curves() const { return tables; }
  EDGEVAL_HD State rounded_state(std::int64_t sum) const {
    return static_cast<State>(saturate(round_shift(sum, sum_bits - kStateBits), 32));
  }
  EDGEVAL_HD_ALWAYS Cell lstm(State z_i, State z_f, State z_g, State z_o, State c_before) const {
    return lstm(tables, z_i, z_f, z_g, z_o, c_before);
  }
  template <class Functions>
  EDGEVAL_HD_ALWAYS Cell lstm(const Functions& functions, State z_i, State z_f, State z_g,
                              State z_o, State c_before) const {
    const FixedLstmCell next = fixed_lstm_cell(functions, z_i, z_f, z_g, z_o, c_before);
    const std::int32_t most = (1 << h_bits) - 1;
    const std::int32_t h =
        clamp(round_shift_narrow(next.oh, 2 * kUnitBits - h_bits), -most - 1, most);
    return {next.c, static_cast<float>(h) * h_inverse};
  }
};

// The same numbers as FixedNumbers<std::int32_t>, for layers all of whose pre-activations fit 32
// bits at the scale of the sums, with room for rounding. A vector register holds twice as many of
// them. Parts of a sum may wrap around, but the sum equals that in 64 bits.
struct NarrowNumbers : FixedNumbers<std::int32_t> {
  const std::uint32_t* narrow_bias;  // the lower half of `bias`

  EDGEVAL_HD_ALWAYS State preactivation(Sum wx, Sum uh, Index at) const {
    const auto sum =
        static_cast<std::int32_t>((static_cast<std::uint32_t>(wx) << up_x) +
                                  (static_cast<std::uint32_t>(uh) << up_h) + narrow_bias[at]);
    return round_shift_narrow(sum, sum_bits - kStateBits);
  }
};

// The numbers of an arithmetic with other functions in the cells than its own (the nonlinearity
// axis).
template <class Numbers>
struct PiecewiseNumbers : Numbers {
  using State = typename Numbers::State;

  PiecewiseFunctions functions;

  using Numbers::lstm;
  EDGEVAL_HD const PiecewiseFunctions& curves() const { return functions; }
  EDGEVAL_HD typename Numbers::Cell lstm(State z_i, State z_f, State z_g, State z_o,
                                         State c_before) const {
    return Numbers::lstm(functions, z_i, z_f, z_g, z_o, c_before);
  }
};

// The numbers of dynamic precision under fp32: products of 8 bits whose steps may be any numbers,
// and the rest of the cell in fp32. A cell without U has step_h = 0.
struct QuantizedNumbers {
  using Sum = std::int32_t;
  using State = FloatNumbers::State;
  using Cell = FloatNumbers::Cell;

  FloatNumbers rest;
  const std::int64_t *offset_x, *offset_h;  // offsets of the products
  float step_x, step_h;                     // z = step_x (W x) + step_h (U h) + b, in floats

  EDGEVAL_HD_ALWAYS State preactivation(Sum wx, Sum uh, Index at) const {
    const float x = step_x * static_cast<float>(exact(wx, offset_x[at])),
                h = step_h * static_cast<float>(exact(uh, offset_h[at]));
    return (x + h) + rest.bias[at];
  }
  EDGEVAL_HD State input_part(Sum wx, Index at) const { return preactivation(wx, 0, at); }
  EDGEVAL_HD State plus_diagonal(State z, Index at, State c) const {
    return rest.plus_diagonal(z, at, c);
  }
  EDGEVAL_HD State state_of(float x) const { return x; }
  EDGEVAL_HD float output(float value, int) const { return value; }
  EDGEVAL_HD float wide(State value) const { return value; }
  EDGEVAL_HD ExactFunctions curves() const { return {}; }
  EDGEVAL_HD_ALWAYS Cell lstm(State z_i, State z_f, State z_g, State z_o, State c_before) const {
    return rest.lstm(z_i, z_f, z_g, z_o, c_before);
  }
  template <class Functions>
  EDGEVAL_HD_ALWAYS Cell lstm(const Functions& functions, State z_i, State z_f, State z_g,
                              State z_o, State c_before) const {
    return rest.lstm(functions, z_i, z_f, z_g, z_o, c_before);
  }

 private:
  // A sum of 65,536 products of bytes fits 32 bits; its two parts may wrap around.
  EDGEVAL_HD_ALWAYS static std::int32_t exact(Sum sum, std::int64_t offset) {
    return static_cast<std::int32_t>(static_cast<std::uint32_t>(sum) +
                                     static_cast<std::uint32_t>(offset));
  }
};

}  // namespace edgeval
