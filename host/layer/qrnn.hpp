// QRNN cells with the rows y, f, o of W, which sees a window of k frames of x, and no U
// (docs/cells.md).
#pragma once

#include "host/layer/kind.hpp"
#include "host/numeric/unrolled_cells.hpp"

namespace edgeval {

struct Qrnn : RecurrentKind {
  static constexpr const char* kMeaning = "QRNN cells: products see a window of x only";
  static constexpr Index kMaxWindow = 1000;

  // Multiplications: f c, (1 - f) y, o c. Additions: 1 - f, one sum, the biases.
  static constexpr CellWork work(const CellForm& form) {
    const int biases = form.unbiased ? 0 : 3;
    return {3, 2 + biases, 2, form.output_tanh ? 2 : 1, 0, biases};
  }
  static constexpr KindFacts kFacts{"qrnn", work};

  static constexpr CellBlocks blocks(Index, Index, const CellForm&) {
    return {.gates = 3, .at_once = 0};
  }
  static ClosedForm closed_form(const LayerShape& shape) { return cells_closed_form(shape, "kC"); }

  template <class Form, class Visit>
  static void keys(Form& form, Visit&& visit) {
    visit.whole("window", form.window, kMaxWindow);
    visit.choice("output", form.output_tanh, "c", "tanh_c");
    visit.without("bias", form.unbiased);
  }
  template <class Weights, class Visit>
  static void tensors(Weights& weights, Index cells, const CellForm& form, Visit&& visit) {
    if (!form.unbiased) visit.vector("bias", weights.bias, 3 * cells);
  }

  template <class Block, class Numbers, class Sums>
  EDGEVAL_HD static void row(Block block, const Numbers& numbers, const CellType& type,
                             RecurrentRow<Numbers, Sums> row) {
    return type.form.output_tanh ? row_of<true>(block, numbers, row)
                                 : row_of<false>(block, numbers, row);
  }

 private:
  template <bool kTanh, class Block, class Numbers, class Sums>
  EDGEVAL_HD static void row_of(Block block, Numbers numbers, RecurrentRow<Numbers, Sums> row) {
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
};

inline constexpr LayerKind kQrnn{Qrnn::kFacts};

}  // namespace edgeval
