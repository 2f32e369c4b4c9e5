// LSTM cells with the gates i, f, g, o and, where wanted, peepholes and a projection
// (docs/cells.md).
#pragma once

#include "host/layer/kind.hpp"
#include "host/numeric/lstm_cell.hpp"

namespace edgeval {

struct Lstm : RecurrentKind {
  static constexpr const char* kMeaning = "LSTM cells, with or without peepholes and projection";
  static constexpr bool kInDecoders = true;

  // Multiplications: f c, i g, o tanh(c). Additions: one sum and four biases.
  static constexpr CellWork work(const CellForm& form) {
    const int diagonals = form.peepholes ? 3 : 0;
    return {3 + diagonals, 1 + 4 + diagonals, 3, 2, diagonals, 4};
  }
  static constexpr KindFacts kFacts{"lstm", work};

  static constexpr CellBlocks blocks(Index, Index, const CellForm&) {
    return {.gates = 4, .at_once = 4};
  }

  template <class Form, class Visit>
  static void keys(Form& form, Visit&& visit) {
    visit.optional("peephole", form.peepholes);
    visit.optional_rows("weight_hr", form.projection);
  }
  template <class Weights, class Visit>
  static void tensors(Weights& weights, Index cells, const CellForm& form, Visit&& visit) {
    visit.vector("bias", weights.bias, 4 * cells);
    if (form.peepholes) visit.diagonal("peephole", weights.diagonal, 3);
    if (form.projection > 0) visit.matrix("weight_hr", weights.weight_hr, form.projection);
  }

  template <class Block, class Numbers, class Sums>
  EDGEVAL_HD static void row(Block block, const Numbers& numbers, const CellType& type,
                             RecurrentRow<Numbers, Sums> row) {
    if (type.form.peepholes) return peephole_row(block, numbers, row);
    cell_row(block, numbers,
             CellRow<Numbers, Sums>{row.wx, row.uh, row.cells, row.c, row.h, row.h});
  }

 private:
  // The peepholes of i and f see c(t-1), that of o sees c(t).
  template <class Block, class Numbers, class Sums>
  EDGEVAL_HD static void peephole_row(Block block, Numbers numbers,
                                      RecurrentRow<Numbers, Sums> row) {
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
};

inline constexpr LayerKind kLstm{Lstm::kFacts};

}  // namespace edgeval
