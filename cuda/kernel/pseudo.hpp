// Kernels of pseudo-skips, which exist under int16 only (host/technique/pseudo_skip.hpp; bodies in
// host/body/pseudo.hpp). They make what enters the products with 16-bit and with 8-bit weights from
// x or h, and keep the sums of both products, from which the cells' sums are made. Under the delta
// operand a full step may bring up to 18 bits, which enter as two numbers of 16: full + 2^16 wide.
#pragma once

#include "cuda/kernel/operand.hpp"
#include "cuda/kernel/step.hpp"
#include "host/technique/pseudo_skip.hpp"

namespace edgeval::gpu {

struct PseudoRules {
  PseudoRule x, h;
};

// The part of z that comes from x, or the part from h. The rows of x are those of the chunk, the
// rows of h are [N]. Pointers are null where there is no such part; those of `wide` also where
// there is no such product.
struct PseudoHalf {
  OperandRows full = {}, wide = {}, delta = {};                  // [rows, width]
  SumRows full_sums = {}, wide_sums = {}, delta_sums = {};       // [rows, G H]
  std::int32_t* reference = nullptr;                             // [N, width]
  std::int64_t *full_memory = nullptr, *delta_memory = nullptr;  // [N, G H]
  const std::int64_t* offsets = nullptr;                         // [G H], what sums of 16 bits lack
  Index width = 0;
  bool operator==(const PseudoHalf&) const = default;
};

// What the kernels of one direction read beside RecurrentStep.
struct PseudoStep {
  const PseudoRules* rules = nullptr;  // in device memory
  const StepMode* mode = nullptr;      // [frames]
  const StepPlaces* places = nullptr;  // RecurrentStep's
  PseudoHalf x, h;
  bool operator==(const PseudoStep&) const = default;
};

// Splits x of a chunk into full, wide and delta of step.x. `input` is as for launch_packed_operand,
// but its operand, state and totals are not read.
void launch_pseudo_input(const PseudoStep& step, const PackView& pack, const InputOperand& input,
                         cudaStream_t stream);

// Splits h of step cursor + ahead into full, wide and delta of pseudo.h. `lanes` is as in cell.hpp.
void launch_pseudo_operand(const PseudoStep& pseudo, const RecurrentStep& step, Index lanes,
                           Index ahead, cudaStream_t stream);

// Makes step.chosen_wx and chosen_uh of the sums of both halves.
void launch_pseudo_sums(const PseudoStep& pseudo, const RecurrentStep& step, Index lanes,
                        Index ahead, cudaStream_t stream);

}  // namespace edgeval::gpu
