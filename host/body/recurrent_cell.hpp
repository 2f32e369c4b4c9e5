// One step of the cells of one lane, whatever their kind, in the numbers of an arithmetic
// (docs/cells.md). What a body writes as h goes on to the projection where there is one.
#pragma once

#include "host/body/cell.hpp"
#include "host/core/cell.hpp"
#include "host/numeric/gru_cell.hpp"
#include "host/numeric/unrolled_cells.hpp"

namespace edgeval {

// Sums: as in CellRow.
template <class Numbers, class Sums = const typename Numbers::Sum*>
struct RecurrentRow {
  Sums wx;         // [G H]
  Sums uh;         // [G H], not read where the cell has no U; [2 H] of a GRU that resets before
  Sums after;      // [H], U (r h) of a GRU that resets before
  const float* x;  // [H], what an SRU shows beside c
  Index cells;
  typename Numbers::State*
      c;     // [H], read and written; a GRU's h, not rounded to the width of an operand
  float* h;  // [H], written
};

// i, f, g, o.
template <class Block, class Numbers, class Sums>
EDGEVAL_HD void lstm_row(Block block, Numbers numbers, RecurrentRow<Numbers, Sums> row) {
  cell_row(block, numbers, CellRow<Numbers, Sums>{row.wx, row.uh, row.cells, row.c, row.h, row.h});
}

// Peepholes to i, f on c(t-1), to o on c(t).
template <class Block, class Numbers, class Sums>
EDGEVAL_HD void peephole_lstm_row(Block block, Numbers numbers, RecurrentRow<Numbers, Sums> row) {
  const Index n = row.cells;
  block.for_each(n, [&](Index j) EDGEVAL_LOOP_BODY {
    const auto z = [&](Index at) { return numbers.preactivation(row.wx[at], row.uh[at], at); };
    const auto& functions = numbers.curves();
    const auto before = row.c[j];
    const auto z_i = numbers.plus_diagonal(z(j), j, before);
    const auto z_f = numbers.plus_diagonal(z(n + j), n + j, before);
    const auto c = lstm_state(functions, z_i, z_f, z(2 * n + j), before);
    const auto z_o = numbers.plus_diagonal(z(3 * n + j), 2 * n + j, c);
    row.c[j] = c;
    row.h[j] = numbers.output(lstm_output(functions, z_o, c), 2 * kUnitBits);
  });
}

// r, z, n; the reset gate on the product U h of n.
template <class Block, class Numbers, class Sums>
EDGEVAL_HD void gru_row(Block block, Numbers numbers, RecurrentRow<Numbers, Sums> row) {
  const Index n = row.cells;
  block.for_each(n, [&](Index j) EDGEVAL_LOOP_BODY {
    const auto z = [&](Index at) { return numbers.preactivation(row.wx[at], row.uh[at], at); };
    const auto& functions = numbers.curves();
    const Index at = 2 * n + j;
    const auto z_n = gru_candidate(functions, z(j), numbers.input_part(row.wx[at], at),
                                   numbers.recurrent_part(row.uh[at], j));
    row.c[j] = gru_state(functions, z(n + j), z_n, row.c[j]);
    row.h[j] = numbers.output(row.c[j], kStateBits);
  });
}

// The first half of a GRU's step where the reset gate comes before the product: r h -> reset [H].
template <class Block, class Numbers, class Sums>
EDGEVAL_HD void gru_reset_row(Block block, Numbers numbers, RecurrentRow<Numbers, Sums> row,
                              float* reset) {
  block.for_each(row.cells, [&](Index j) EDGEVAL_LOOP_BODY {
    const auto z_r = numbers.preactivation(row.wx[j], row.uh[j], j);
    reset[j] = numbers.output(gru_reset(numbers.curves(), z_r, row.c[j]), kUnitBits + kStateBits);
  });
}

// The second half, once `after` is there.
template <class Block, class Numbers, class Sums>
EDGEVAL_HD void reset_before_gru_row(Block block, Numbers numbers,
                                     RecurrentRow<Numbers, Sums> row) {
  const Index n = row.cells;
  block.for_each(n, [&](Index j) EDGEVAL_LOOP_BODY {
    const auto& functions = numbers.curves();
    const auto z_z = numbers.preactivation(row.wx[n + j], row.uh[n + j], n + j);
    const auto z_n = numbers.preactivation(row.wx[2 * n + j], row.after[j], 2 * n + j);
    row.c[j] = gru_state(functions, z_z, z_n, row.c[j]);
    row.h[j] = numbers.output(row.c[j], kStateBits);
  });
}

// y, f, r and, where the output is not as wide as x, the highway's product. Both gates see c(t-1).
template <bool kTanh, bool kMatrix, class Block, class Numbers, class Sums>
EDGEVAL_HD void sru_row(Block block, Numbers numbers, RecurrentRow<Numbers, Sums> row) {
  const Index n = row.cells;
  block.for_each(n, [&](Index j) EDGEVAL_LOOP_BODY {
    const auto gate = [&](Index at) {
      return numbers.plus_diagonal(numbers.input_part(row.wx[at], at), at - n, row.c[j]);
    };
    const auto& functions = numbers.curves();
    const auto z_f = gate(n + j), z_r = gate(2 * n + j);
    const auto c = sru_state(functions, z_f, numbers.input_part(row.wx[j], j), row.c[j]);
    const auto x = [&] {
      if constexpr (kMatrix)
        return numbers.input_part(row.wx[3 * n + j], 3 * n + j);
      else
        return numbers.state_of(row.x[j]);
    }();
    row.c[j] = c;
    row.h[j] = numbers.wide(sru_output<kTanh>(functions, z_r, c, x));
  });
}

// y, f, o.
template <bool kTanh, class Block, class Numbers, class Sums>
EDGEVAL_HD void qrnn_row(Block block, Numbers numbers, RecurrentRow<Numbers, Sums> row) {
  const Index n = row.cells;
  block.for_each(n, [&](Index j) EDGEVAL_LOOP_BODY {
    const auto z = [&](Index at) { return numbers.input_part(row.wx[at], at); };
    const auto& functions = numbers.curves();
    const auto c = qrnn_state(functions, z(n + j), z(j), row.c[j]);
    row.c[j] = c;
    row.h[j] =
        numbers.output(qrnn_output<kTanh>(functions, z(2 * n + j), c), kStateBits + kUnitBits);
  });
}

template <class Block, class Numbers, class Sums>
EDGEVAL_HD void recurrent_cell_row(Block block, const Numbers& numbers, LayerKind kind,
                                   const CellForm& form, bool highway_matrix,
                                   RecurrentRow<Numbers, Sums> row) {
  if (kind == LayerKind::kLstm)
    return form.peepholes ? peephole_lstm_row(block, numbers, row) : lstm_row(block, numbers, row);
  // QuantizedNumbers lack the half: dynamic precision has no GRU.
  if constexpr (requires { numbers.recurrent_part(row.uh[0], 0); })
    if (kind == LayerKind::kGru)
      return form.reset_before ? reset_before_gru_row(block, numbers, row)
                               : gru_row(block, numbers, row);
  if (kind == LayerKind::kQrnn)
    return form.output_tanh ? qrnn_row<true>(block, numbers, row)
                            : qrnn_row<false>(block, numbers, row);
  if (highway_matrix)
    return form.output_tanh ? sru_row<true, true>(block, numbers, row)
                            : sru_row<false, true>(block, numbers, row);
  return form.output_tanh ? sru_row<true, false>(block, numbers, row)
                          : sru_row<false, false>(block, numbers, row);
}

}  // namespace edgeval
