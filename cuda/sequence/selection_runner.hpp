// The second product of one direction, and the choice between two sums that follows: memory and
// order of launches. Under memoization and dynamic precision a step runs
//   product U -> second operand -> second product U -> selection -> cells
// and a chunk's W x likewise; the oracle of memoization has no second product.
#pragma once

#include "cuda/kernel/select.hpp"
#include "cuda/sequence/numbers.hpp"

namespace edgeval::gpu {

// Whether the policy puts a selection between products and cells.
bool selects(const LayerPolicy& policy);

// What was selected (DirectionTask has both totals) into a lane's counts.
void count_selected(LayerActivity& activity, const LayerPolicy& policy, std::uint64_t selected,
                    std::uint64_t at_pseudo);

struct SelectionTask {
  const RecurrentLayer& layer;
  const DeviceProducts& products;
  const DeviceProducts* second;  // null: none
  const LayerPolicy& policy;     // one that selects
  Index lanes;
};

class SelectionRunner {
 public:
  // Bytes of the second operand and sums of one row of a chunk.
  static Index row_bytes(const DeviceProducts* second) {
    if (second == nullptr) return 0;
    return second->input.shape().operand_bytes() + second->input.shape().sum_bytes();
  }

  void reserve(const SelectionTask& task, Index chunk_rows, cudaStream_t stream);
  // State before the first step; leaves in `step` what the cells will read.
  void start(const SelectionTask& task, RecurrentStep& step, const Stream& stream);
  // After a chunk's operand(x).
  void multiply_input(const SelectionTask& task, OperandRows operand, Index rows,
                      cudaStream_t stream) const;
  // After the product U of step cursor + ahead.
  void launch(const SelectionTask& task, const RecurrentStep& step, Index rows, Index ahead,
              cudaStream_t stream) const;

  const SelectionStep& step() const { return step_; }

 private:
  SelectionStep step_;
  std::vector<std::byte> choice_;
  DeviceBuffer<std::byte> choice_on_device_, memory_, no_recurrent_;
  DeviceBuffer<std::byte> x_operand_, h_operand_, second_wx_, second_uh_, chosen_wx_, chosen_uh_;
};

}  // namespace edgeval::gpu
