// One step of the LSTM cells of one lane: z = W x + U h + b, then the cell.
#pragma once

#include "host/engine/body/block.hpp"
#include "host/numeric/lstm_cell.hpp"

namespace edgeval {

// wx, uh, bias [4H] in the order i, f, g, o; c [H] is read and written; h [H] and output [H] are written.
struct CellRow {
  const float* wx;
  const float* uh;
  const float* bias;
  Index cells;
  float* c;
  float* h;
  float* output;
};

template <class Block>
EDGEVAL_HD void cell_row(Block block, CellRow row) {
  const Index n = row.cells;
  block.for_each(n, [=](Index j) {
    const auto z = [&](Index gate) {
      const Index at = gate * n + j;
      return (row.wx[at] + row.uh[at]) + row.bias[at];
    };
    const LstmCell next = lstm_cell(z(0), z(1), z(2), z(3), row.c[j]);
    row.c[j] = next.c;
    row.h[j] = next.h;
    row.output[j] = next.h;
  });
}

}  // namespace edgeval
