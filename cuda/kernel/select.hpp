// What stands between a step's products and its cells where each neuron chooses between two sums
// (bodies in host/body/memo.hpp, precision.hpp): memoization and dynamic precision.
#pragma once

#include "cuda/kernel/step.hpp"
#include "host/layer/layer_policy.hpp"

namespace edgeval::gpu {

// Of one direction, beside RecurrentStep; null what a selection has not.
struct SelectionStep {
  PolicyStruct choice = {};    // Memoized::Rule or DynamicPrecision
  PolicyElements memory = {};  // [N, G H] NeuronMemo or [N, H] Detector
  SumRows second_wx = {};      // [rows of the chunk, G H], of the second product
  SumRows second_uh = {};      // [N, G H]
  bool operator==(const SelectionStep&) const = default;
};

// Bytes of memory for one lane of a layer of so many neurons (G H) and cells (H); zero bytes are
// its state before a sequence's first step.
Index selection_bytes(const LayerPolicy& policy, Index neurons, Index cells);

// What the kernels read as SelectionStep::choice.
std::vector<std::byte> choice_bytes(const LayerPolicy& policy);

// Elements that entered the first product -> those of the second: signs, or integers of 4 bits.
struct SecondOperand {
  OperandRows first, second;
  Index rows, width;
};
void launch_second_operand(const LayerPolicy& policy, const SecondOperand& task,
                           PolicyStruct choice, cudaStream_t stream);

// The sums of step cursor + ahead -> step.chosen_wx, chosen_uh. `lanes` as in cell.hpp.
void launch_selection(const LayerPolicy& policy, const RecurrentStep& step,
                      const SelectionStep& selection, Index lanes, Index ahead,
                      cudaStream_t stream);

}  // namespace edgeval::gpu
