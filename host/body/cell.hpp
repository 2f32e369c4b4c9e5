// One step of the LSTM cells of one lane: z = W x + U h + b, then the cell, in the numbers of an
// arithmetic.
#pragma once

#include "host/body/block.hpp"
#include "host/body/numbers.hpp"

namespace edgeval {

// wx, uh [4H] in the order i, f, g, o; c [H] is read and written; h [H] and output [H] are written.
// Sums: what sums[at] are read from, plain memory as a rule.
template <class Numbers, class Sums = const typename Numbers::Sum*>
struct CellRow {
  Sums wx;
  Sums uh;
  Index cells;
  typename Numbers::State* c;
  float* h;
  float* output;
};

template <class Block, class Numbers, class Sums>
EDGEVAL_HD void cell_row(Block block, Numbers numbers, CellRow<Numbers, Sums> row) {
  const Index n = row.cells;
  block.for_each(n, [&](Index j) EDGEVAL_LOOP_BODY {
    const auto z = [&](Index gate) {
      const Index at = gate * n + j;
      return numbers.preactivation(row.wx[at], row.uh[at], at);
    };
    const auto next = numbers.lstm(z(0), z(1), z(2), z(3), row.c[j]);
    row.c[j] = next.c;
    row.h[j] = next.h;
    row.output[j] = next.h;
  });
}

}  // namespace edgeval
