// One step of plain LSTM cells, with the operand of h for the next step, in one kernel.
#pragma once

#include "cuda/kernel/step.hpp"
#include "host/layer/layer_policy.hpp"

namespace edgeval::gpu {

// Launches step cursor + ahead, which at most `lanes` lanes run. The elements of h are counted for
// lanes that also run the next step.
void launch_lstm_step(const LayerPolicy& policy, const RecurrentStep& step, Index lanes,
                      Index ahead, cudaStream_t stream);

}  // namespace edgeval::gpu
