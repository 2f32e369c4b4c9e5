// The selection of dynamic precision (host/technique/dynamic_precision.hpp) for one lane at one
// executed step, between the products and the cell. Each cell takes the sums of 8 or those of 4
// bits, all gates alike.
#pragma once

#include "host/body/block.hpp"
#include "host/technique/dynamic_precision.hpp"

namespace edgeval {

// The sums are [G H]; those of U are null where the cells have no U.
template <class State>
struct PrecisionRow {
  const std::int32_t *wx, *uh;          // sums of 8-bit products
  const std::int32_t *low_wx, *low_uh;  // sums of 4-bit products
  std::int32_t *chosen_wx, *chosen_uh;  // sums that the cells take; may be the memory of wx and uh
  Index cells, gate_rows;               // H, G H
  const State* c;                       // [H], of the step before
  DynamicPrecision::Detector<State>* elements;  // [H]
};

// `step` is the number of steps that the lane has executed before. as_high(sum, source, at) returns
// a sum of 4-bit products on the scale of 8-bit ones. Returns how many cells took 4 bits.
template <class Block, class State, class AsHigh>
EDGEVAL_HD int precision_row(Block block, const DynamicPrecision::Rule& rule, Index step,
                             const PrecisionRow<State>& row, AsHigh as_high) {
  return block.sum(row.cells, [&](Index k) {
    DynamicPrecision::Detector<State>& element = row.elements[k];
    if (rule.random)
      element.eight_bits = rule.draws_eight_bits(step, k);
    else if (step > 0)
      rule.next(row.c[k], element);
    const bool high = element.eight_bits;
    for (Index at = k; at < row.gate_rows; at += row.cells) {
      row.chosen_wx[at] = high ? row.wx[at] : as_high(row.low_wx[at], Source::kInput, at);
      if (row.low_uh != nullptr)
        row.chosen_uh[at] = high ? row.uh[at] : as_high(row.low_uh[at], Source::kRecurrent, at);
    }
    return high ? 0 : 1;
  });
}

}  // namespace edgeval
