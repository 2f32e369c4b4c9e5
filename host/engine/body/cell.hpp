// One step of the LSTM cells of one lane: z = W x + U h + b, then the cell, in the numbers of an arithmetic.
#pragma once

#include "host/engine/body/block.hpp"
#include "host/engine/body/numbers.hpp"

namespace edgeval {

// wx, uh [4H] in the order i, f, g, o; c [H] is read and written; h [H] and output [H] are written.
template <class Numbers>
struct CellRow {
  const typename Numbers::Sum* wx;
  const typename Numbers::Sum* uh;
  Index cells;
  typename Numbers::State* c;
  float* h;
  float* output;
};

template <class Block, class Numbers>
EDGEVAL_HD void cell_row(Block block, Numbers numbers, CellRow<Numbers> row) {
  const Index n = row.cells;
  block.for_each(n, [&](Index j) {
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
