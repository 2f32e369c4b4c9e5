// The kernels of memoization and dynamic precision. Between a step's products and its cells they
// choose one of two sums for each neuron (bodies in host/body/memo.hpp and precision.hpp).
#pragma once

#include "cuda/kernel/step.hpp"
#include "host/layer/layer_policy.hpp"

namespace edgeval::gpu {

// What the kernels of one direction read beside RecurrentStep. What a selection lacks is null.
struct SelectionStep {
  PolicyStruct choice = {};    // Memoized::Rule or DynamicPrecision
  PolicyElements memory = {};  // [N, G H] NeuronMemo or [N, H] Detector
  SumRows second_wx = {};      // [rows of the chunk, G H], sums of the second product
  SumRows second_uh = {};      // [N, G H]
  bool operator==(const SelectionStep&) const = default;
};

// Returns the bytes of memory for one lane of a layer with so many neurons (G H) and cells (H). All
// of them are zero before a sequence's first step.
Index selection_bytes(const LayerPolicy& policy, Index neurons, Index cells);

// Returns what the kernels read as SelectionStep::choice.
std::vector<std::byte> choice_bytes(const LayerPolicy& policy);

// Elements that entered the first product, and those made of them for the second: signs, or
// integers of 4 bits.
struct SecondOperand {
  OperandRows first, second;
  Index rows, width;
};
void launch_second_operand(const LayerPolicy& policy, const SecondOperand& task,
                           PolicyStruct choice, cudaStream_t stream);

// Chooses the sums of step cursor + ahead and writes them to step.chosen_wx and chosen_uh. `lanes`
// is as in cell.hpp.
void launch_selection(const LayerPolicy& policy, const RecurrentStep& step,
                      const SelectionStep& selection, Index lanes, Index ahead,
                      cudaStream_t stream);

}  // namespace edgeval::gpu
