// GRU cells with the gates r, z, n. The reset gate r multiplies the product U h of n, or h before
// that product (docs/cells.md).
#pragma once

#include "host/core/error.hpp"
#include "host/layer/kind.hpp"
#include "host/numeric/gru_cell.hpp"

namespace edgeval {

struct Gru : RecurrentKind {
  static constexpr const char* kMeaning =
      "GRU cells, the reset gate after or before the product with U";
  static constexpr bool kHasC = false;
  static constexpr bool kInDecoders = true;

  // Multiplications: r h or r (U h), (1 - z) n, z h. Additions: 1 - z, one sum, the biases. Joining
  // W x of n to r (U h) or U (r h) counts as part of the product.
  static constexpr CellWork work(const CellForm& form) {
    const int biases = form.unbiased ? 0 : (form.reset_before ? 3 : 4);
    return {3, 2 + biases, 2, 1, 0, biases};
  }
  static constexpr KindFacts kFacts{"gru", work};

  static constexpr CellBlocks blocks(Index, Index, const CellForm& form) {
    if (form.reset_before) return {.gates = 3, .at_once = 2};
    return {.gates = 3, .at_once = 3, .apart = 1};
  }

  template <class Form, class Visit>
  static void keys(Form& form, Visit&& visit) {
    visit.choice("reset", form.reset_before, "after", "before");
    visit.without("bias", form.unbiased);
  }
  template <class Weights, class Visit>
  static void tensors(Weights& weights, Index cells, const CellForm& form, Visit&& visit) {
    if (form.unbiased) return;
    visit.vector("bias_ih", weights.bias, 3 * cells);
    visit.vector("bias_hh", weights.bias_hh, 3 * cells);
  }

  static std::string problem(const CellForm& form, const LayerPolicy& policy) {
    if (form.reset_before && !std::holds_alternative<AsIs>(policy.operand))
      return concat(
          std::visit([](const auto& operand) { return operand.kName; }, policy.operand),
          ": its reset gate scales h before the product with U, so that what is multiplied moves "
          "with the gate; only a GRU that resets after the product can hold, reuse or remember; "
          "use as_is");
    if (form.reset_before && pseudo_skip(policy) != nullptr)
      return "similarity_skip: its reset gate scales h before the product with U, which has no "
             "difference that a pseudo-skip could add; leave out pseudo";
    return "";
  }

  template <class Block, class Numbers, class Sums>
  EDGEVAL_HD static void row(Block block, const Numbers& numbers, const CellType& type,
                             RecurrentRow<Numbers, Sums> row) {
    return type.form.reset_before ? before_row(block, numbers, row)
                                  : after_row(block, numbers, row);
  }

  // Writes r h to reset [H], where the reset gate comes before the product.
  template <class Block, class Numbers, class Sums>
  EDGEVAL_HD static void first_half(Block block, Numbers numbers, RecurrentRow<Numbers, Sums> row,
                                    float* reset) {
    block.for_each(row.cells, [&](Index j) EDGEVAL_LOOP_BODY {
      const auto z_r = numbers.preactivation(row.wx[j], row.uh[j], j);
      reset[j] = numbers.output(gru_reset(numbers.curves(), z_r, row.c[j]), kUnitBits + kStateBits);
    });
  }

 private:
  template <class Block, class Numbers, class Sums>
  EDGEVAL_HD static void after_row(Block block, Numbers numbers, RecurrentRow<Numbers, Sums> row) {
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

  template <class Block, class Numbers, class Sums>
  EDGEVAL_HD static void before_row(Block block, Numbers numbers, RecurrentRow<Numbers, Sums> row) {
    const Index n = row.cells;
    block.for_each(n, [&](Index j) EDGEVAL_LOOP_BODY {
      const auto& functions = numbers.curves();
      const auto z_z = numbers.preactivation(row.wx[n + j], row.uh[n + j], n + j);
      const auto z_n = numbers.preactivation(row.wx[2 * n + j], row.after[j], 2 * n + j);
      row.c[j] = gru_state(functions, z_z, z_n, row.c[j]);
      row.h[j] = numbers.output(row.c[j], kStateBits);
    });
  }
};

inline constexpr LayerKind kGru{Gru::kFacts};

}  // namespace edgeval
