// SRU cells with the rows y, f, r of W and no U. Where the output is not as wide as x, W also has
// the rows of the highway, which bring x to that width (docs/cells.md).
#pragma once

#include "host/layer/kind.hpp"
#include "host/numeric/unrolled_cells.hpp"

namespace edgeval {

struct Sru : RecurrentKind {
  static constexpr const char* kMeaning = "SRU cells: gates see c, products see x only";
  static constexpr bool kRoundsOutput = false;

  // Multiplications: v_f c, v_r c, f c, (1 - f) y, r c, (1 - r) x. Additions: the sums with v c, 1
  // - f, 1 - r, two sums, two biases.
  static constexpr CellWork work(const CellForm& form) {
    return {6, 2 + 4 + 2, 2, form.output_tanh ? 1 : 0, 2, 2};
  }
  static constexpr KindFacts kFacts{"sru", work};

  static constexpr CellBlocks blocks(Index inputs, Index cells, const CellForm&) {
    return {.gates = inputs == cells ? 3 : 4, .at_once = 0, .unbiased = 1};
  }
  EDGEVAL_HD static constexpr bool shows_x(const CellBlocks& blocks) { return blocks.gates == 3; }

  template <class Form, class Visit>
  static void keys(Form& form, Visit&& visit) {
    visit.choice("output", form.output_tanh, "c", "tanh_c");
  }
  template <class Weights, class Visit>
  static void tensors(Weights& weights, Index cells, const CellForm&, Visit&& visit) {
    visit.vector("bias", weights.bias, 2 * cells);
    visit.diagonal("weight_c", weights.diagonal, 2);
  }

  template <class Block, class Numbers, class Sums>
  EDGEVAL_HD static void row(Block block, const Numbers& numbers, const CellType& type,
                             RecurrentRow<Numbers, Sums> row) {
    if (shows_x(type.blocks))
      return type.form.output_tanh ? row_of<true, false>(block, numbers, row)
                                   : row_of<false, false>(block, numbers, row);
    return type.form.output_tanh ? row_of<true, true>(block, numbers, row)
                                 : row_of<false, true>(block, numbers, row);
  }

 private:
  // Both gates see c(t-1).
  template <bool kTanh, bool kMatrix, class Block, class Numbers, class Sums>
  EDGEVAL_HD static void row_of(Block block, Numbers numbers, RecurrentRow<Numbers, Sums> row) {
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
};

inline constexpr LayerKind kSru{Sru::kFacts};

}  // namespace edgeval
