// A whole step of plain LSTM cells in integers, in one kernel: the products with W and U, the
// cells, and the operand of h for the next step. Sums of the products never go to memory.
#pragma once

#include "cuda/kernel/step.hpp"
#include "host/layer/layer_policy.hpp"

namespace edgeval::gpu {

// What the step reads beside a RecurrentStep, whose wx and uh are not read.
struct StepFactors {
  OperandRows x;     // [rows of the chunk, C] what enters W
  OperandRows w, u;  // the weights, as Product has them
  // [N, H] what enters U at odd steps; RecurrentStep::operand has that of even ones.
  OperandRows at_odd_steps;
  bool operator==(const StepFactors&) const = default;
};

// Returns whether the kernel can run a layer's steps under a policy: int16 or int8 with the exact
// nonlinearity, H a multiple of 4 and, under int16, sums of digits that fit 32 bits. inputs: C.
// up_x, up_h: shifts of the sums of W x and of U h to their common scale.
bool can_multiply_in_step(const LayerPolicy& policy, Index inputs, Index cells, int up_x, int up_h);

// Launches step cursor + ahead, which at most `lanes` lanes run. The elements of h are counted for
// lanes that also run the next step.
void launch_lstm_product(const LayerPolicy& policy, const RecurrentStep& step,
                         const StepFactors& factors, Index lanes, Index ahead, cudaStream_t stream);

}  // namespace edgeval::gpu
