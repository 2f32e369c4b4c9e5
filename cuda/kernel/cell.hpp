// One step of the recurrence around its products: the cells, what they give to a product that
// follows within the step, and the operand of h for the next step (bodies in host/layer; plain LSTM
// cells and operands have forms of their own). The number of the step is in device memory, so that
// a captured launch can be replayed for any step.
#pragma once

#include "cuda/kernel/step.hpp"
#include "host/layer/layer_policy.hpp"

namespace edgeval::gpu {

void launch_set_cursor(StepCursor* cursor, StepCursor value, cudaStream_t stream);
void launch_advance_cursor(StepCursor* cursor, Index steps, cudaStream_t stream);

// All of these run step cursor + ahead. `lanes` is at least the number of active lanes.

// Makes operand(h), for the product of the step.
void launch_recurrent_operand(const LayerPolicy& policy, const RecurrentStep& step, Index lanes,
                              Index ahead, cudaStream_t stream);

// Runs the first half of cells in halves and writes after_operand, which the product between the
// halves multiplies.
void launch_first_half(const LayerPolicy& policy, const RecurrentStep& step, Index lanes,
                       Index ahead, cudaStream_t stream);

// Runs cells of any kind, or their second half. Writes h and the output; for an LSTM with a
// projection, after_operand instead.
void launch_cells(const LayerPolicy& policy, const RecurrentStep& step, Index lanes, Index ahead,
                  cudaStream_t stream);

// Turns the projection's sums into h and the output.
void launch_projection(const LayerPolicy& policy, const RecurrentStep& step, Index lanes,
                       Index ahead, cudaStream_t stream);

}  // namespace edgeval::gpu
