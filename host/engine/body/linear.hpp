// What follows the product of a linear layer: y = activation(W x + b), for one row. A rectifier is
// a clamp.
#pragma once

#include "host/engine/body/block.hpp"
#include "host/numeric/rounding.hpp"

namespace edgeval {

// product, bias [O] -> y [O], which may be the product's memory. No activation: low = -inf, high =
// inf.
struct LinearRow {
  const float* product;
  const float* bias;
  Index outputs;
  float low;
  float high;
  float* y;
};

template <class Block>
EDGEVAL_HD void linear_row(Block block, LinearRow row) {
  block.for_each(row.outputs, [=](Index o) {
    row.y[o] = clamp(row.product[o] + row.bias[o], row.low, row.high);
  });
}

}  // namespace edgeval
