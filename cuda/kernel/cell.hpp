// One step of the recurrence around its products: the cells, what they give to a product that
// follows within the step, and the operand of h for the step behind (bodies in
// host/layer; plain LSTM cells and operands in forms of their own). Which
// step it is stands in device memory, so that a captured launch can be replayed for any step.
#pragma once

#include "cuda/kernel/step.hpp"
#include "host/layer/layer_policy.hpp"

namespace edgeval::gpu {

void launch_set_cursor(StepCursor* cursor, StepCursor value, cudaStream_t stream);
void launch_advance_cursor(StepCursor* cursor, Index steps, cudaStream_t stream);

// In all of these `lanes` is at least the number that are active; the step is cursor + ahead.

// operand(h), for the product of the step.
void launch_recurrent_operand(const LayerPolicy& policy, const RecurrentStep& step, Index lanes,
                              Index ahead, cudaStream_t stream);

// The first half of cells that come in halves: what the product between them multiplies ->
// after_operand.
void launch_first_half(const LayerPolicy& policy, const RecurrentStep& step, Index lanes,
                       Index ahead, cudaStream_t stream);

// Cells of any kind: h and the output, or of an LSTM with a projection after_operand.
void launch_cells(const LayerPolicy& policy, const RecurrentStep& step, Index lanes, Index ahead,
                  cudaStream_t stream);

// The projection's sums -> h and the output.
void launch_projection(const LayerPolicy& policy, const RecurrentStep& step, Index lanes,
                       Index ahead, cudaStream_t stream);

}  // namespace edgeval::gpu
