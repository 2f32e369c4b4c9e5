// What follows the product of a linear layer: y = activation(W x + b), for one row. A rectifier is
// a clamp.
#pragma once

#include <limits>

#include "host/engine/body/block.hpp"
#include "host/engine/body/numbers.hpp"
#include "host/model/graph.hpp"
#include "host/numeric/rounding.hpp"

namespace edgeval {

// What an activation clamps to.
struct ActivationRange {
  float low = -std::numeric_limits<float>::infinity();
  float high = std::numeric_limits<float>::infinity();
};

inline ActivationRange activation_range(const Activation& activation) {
  ActivationRange range;
  if (activation.type != Activation::Type::kNone) range.low = 0;
  if (activation.type == Activation::Type::kClippedRelu) range.high = activation.limit;
  return range;
}

// product [O] -> y [O], which may be the product's memory when sums are floats. Sums as in CellRow.
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

}  // namespace edgeval
