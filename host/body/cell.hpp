// One step of the cells of one lane in the numbers of an arithmetic: the row that recurrent cells
// of any kind work on (the kinds are in host/layer), and plain LSTM cells, which compute z = W x +
// U h + b and then c and h.
#pragma once

#include "host/body/block.hpp"
#include "host/body/numbers.hpp"

namespace edgeval {

// wx and uh are [4H] in the order i, f, g, o; c [H] is read and written; h [H] and output [H] are
// written. Sums is the type from which sums[at] are read, usually a pointer to memory.
template <class Numbers, class Sums = const typename Numbers::Sum*>
struct CellRow {
  Sums wx;
  Sums uh;
  Index cells;
  typename Numbers::State* c;
  float* h;
  float* output;
};

// The row of cells of any kind. Where the layer has a projection, what is written as h goes on to
// it. Sums is as in CellRow.
template <class Numbers, class Sums = const typename Numbers::Sum*>
struct RecurrentRow {
  Sums wx;  // [G H]
  // [blocks H], the sums of those blocks of U that multiply h(t-1); not read where the cells have
  // no U.
  Sums uh;
  // The sums of the other blocks of U, known once the first half of the step has given what they
  // multiply.
  Sums after;
  const float* x;  // [H], input that an SRU mixes into its output
  Index cells;
  // [H], read and written. Cells without c keep h here, not rounded to the width of an operand.
  typename Numbers::State* c;
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
