// One step of plain LSTM cells with the operand of h for the step behind, in one kernel.
#pragma once

#include "cuda/kernel/step.hpp"
#include "host/layer/layer_policy.hpp"

namespace edgeval::gpu {

// Counted of the lanes that go on, of which there are at most `lanes`; the step is cursor + ahead.
void launch_lstm_step(const LayerPolicy& policy, const RecurrentStep& step, Index lanes,
                      Index ahead, cudaStream_t stream);

}  // namespace edgeval::gpu
