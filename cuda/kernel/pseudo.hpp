// Pseudo-skips (host/technique/pseudo_skip.hpp; bodies in host/body/pseudo.hpp): what x or h
// brings into the products with 16-bit and with 8-bit weights, and the memory of both products that
// stands between them and the cells. int16 only. Under the delta operand a full step may bring up
// to 18 bits, which enter as two numbers of 16: full + 2^16 wide.
#pragma once

#include "cuda/kernel/operand.hpp"
#include "cuda/kernel/step.hpp"
#include "host/technique/pseudo_skip.hpp"

namespace edgeval::gpu {

struct PseudoRules {
  PseudoRule x, h;
};

// One half of z, x's or h's; rows of x are those of the chunk, rows of h are [N]. Null: no half,
// or, of `wide`, no product.
struct PseudoHalf {
  OperandRows full = {}, wide = {}, delta = {};                  // [rows, width]
  SumRows full_sums = {}, wide_sums = {}, delta_sums = {};       // [rows, G H]
  std::int32_t* reference = nullptr;                             // [N, width]
  std::int64_t *full_memory = nullptr, *delta_memory = nullptr;  // [N, G H]
  const std::int64_t* offsets = nullptr;                         // [G H], what sums of 16 bits lack
  Index width = 0;
  bool operator==(const PseudoHalf&) const = default;
};

// Of one direction, beside RecurrentStep.
struct PseudoStep {
  const PseudoRules* rules = nullptr;  // in device memory
  const StepMode* mode = nullptr;      // [frames]
  const StepPlaces* places = nullptr;  // RecurrentStep's
  PseudoHalf x, h;
  bool operator==(const PseudoStep&) const = default;
};

// x of a chunk -> full, wide, delta of step.x. `input` as for launch_packed_operand, whose operand,
// state and totals are not read.
void launch_pseudo_input(const PseudoStep& step, const PackView& pack, const InputOperand& input,
                         cudaStream_t stream);

// h of step cursor + ahead -> full, wide, delta of pseudo.h. `lanes` as in cell.hpp.
void launch_pseudo_operand(const PseudoStep& pseudo, const RecurrentStep& step, Index lanes,
                           Index ahead, cudaStream_t stream);

// The sums of both halves -> step.chosen_wx, chosen_uh.
void launch_pseudo_sums(const PseudoStep& pseudo, const RecurrentStep& step, Index lanes,
                        Index ahead, cudaStream_t stream);

}  // namespace edgeval::gpu
