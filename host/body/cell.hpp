// One step of the cells of one lane in the numbers of an arithmetic: what recurrent cells of any
// kind work on (their rows are in host/layer), and plain LSTM cells, z = W x + U h + b, then the
// cell.
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

// Cells of any kind; what is written as h goes on to the projection where there is one. Sums as in
// CellRow.
template <class Numbers, class Sums = const typename Numbers::Sum*>
struct RecurrentRow {
  Sums wx;         // [G H]
  Sums uh;         // of the blocks of U that multiply h(t-1); not read where the cells have no U
  Sums after;      // of the others, once the first half of the cells has given what they multiply
  const float* x;  // [H], what an SRU shows beside c
  Index cells;
  typename Numbers::State*
      c;     // [H], read and written; of cells without c, h not rounded to the width of an operand
  float* h;  // [H], written
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
