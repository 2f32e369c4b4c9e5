// What follows the product of a linear layer, for one row: y = activation(W x + b), where a
// rectifier is a clamp, or y = tanh(W x + b).
#pragma once

#include "host/body/activation.hpp"
#include "host/body/block.hpp"
#include "host/body/numbers.hpp"
#include "host/numeric/rounding.hpp"

namespace edgeval {

// What follows a linear layer's sums and bias in a decoder.
enum class LinearEnd { kActivation, kTanh, kLogSoftmax };

// Turns product [O] into y [O], which may be the product's memory when the sums are floats. Sums is
// as in CellRow.
template <class Numbers, class Sums = const typename Numbers::Sum*>
struct LinearRow {
  Sums product;
  Index outputs;
  ActivationRange range;
  float* y;
};

template <class Block, class Numbers, class Sums>
EDGEVAL_HD void linear_row(Block block, Numbers numbers, LinearRow<Numbers, Sums> row) {
  block.for_each(row.outputs, [&](Index o) EDGEVAL_LOOP_BODY {
    row.y[o] = clamp(numbers.value(row.product[o], o), row.range.low, row.range.high);
  });
}

// The tanh of a pre-activation. In integers the table of the layer's numbers gives it.
EDGEVAL_HD_ALWAYS float tanh_of(const FloatNumbers& numbers, float sum, Index at) {
  return hyperbolic_tangent(numbers.value(sum, at));
}
template <class Sum>
EDGEVAL_HD_ALWAYS float tanh_of(const FixedNumbers<Sum>& numbers, Sum sum, Index at) {
  return static_cast<float>(table_tanh(numbers.tables, numbers.input_part(sum, at))) / kUnit;
}

// Writes tanh(W x + b); the row's range is not read.
template <class Block, class Numbers, class Sums>
EDGEVAL_HD void tanh_row(Block block, Numbers numbers, LinearRow<Numbers, Sums> row) {
  block.for_each(row.outputs, [&](Index o) EDGEVAL_LOOP_BODY {
    row.y[o] = tanh_of(numbers, row.product[o], o);
  });
}

}  // namespace edgeval
