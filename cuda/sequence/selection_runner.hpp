// Runs the second product of one direction, and the choice between two sums that follows: owns
// their memory and orders their launches. Under memoization and dynamic precision a step runs
//   product U -> second operand -> second product U -> selection -> cells,
// and the W x of a chunk has a second product, too. The oracle of memoization has none.
#pragma once

#include "cuda/kernel/select.hpp"
#include "cuda/sequence/numbers.hpp"

namespace edgeval::gpu {

// Returns whether the policy puts a selection between products and cells.
bool uses_selection(const LayerPolicy& policy);

// Writes to a lane's counts how often something was selected and how many elements changed at
// pseudo-skips (DirectionTask has both totals).
void count_selected(LayerActivity& activity, const LayerPolicy& policy, std::uint64_t selected,
                    std::uint64_t at_pseudo);

struct SelectionTask {
  const RecurrentLayer& layer;
  const DeviceProducts& products;
  const DeviceProducts* second;  // null where there is no second product
  const LayerPolicy& policy;     // one that selects
  Index lanes;
};

class SelectionRunner {
 public:
  // Returns the bytes that the second operand and sums of one row of a chunk take.
  static Index row_bytes(const DeviceProducts* second) {
    if (second == nullptr) return 0;
    return second->input.shape().operand_bytes() + second->input.shape().sum_bytes();
  }

  // Takes all the memory that the task needs, for chunks of so many rows.
  void reserve(const SelectionTask& task, Index chunk_rows, cudaStream_t stream);
  // Sets the state before the first step, and writes to `step` where the cells will read.
  void start(const SelectionTask& task, RecurrentStep& step, const Stream& stream);
  // Launches the second product W of a chunk, after operand(x).
  void multiply_input(const SelectionTask& task, OperandRows operand, Index rows,
                      cudaStream_t stream) const;
  // Launches the second product U and the selection of step cursor + ahead, after its product U.
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
