// Runs the pseudo-skips of one direction: owns their memory and orders their launches. The x of a
// chunk is split and multiplied at once; a step runs
//   operand(h) -> products U of 16 and of 8 bits -> sums -> cells
#pragma once

#include "cuda/kernel/pseudo.hpp"
#include "cuda/sequence/numbers.hpp"

namespace edgeval::gpu {

struct PseudoTask {
  const RecurrentLayer& layer;
  const DeviceProducts& products;  // with the weights in 16 bits
  const DeviceProducts& second;    // with the weights in 8 bits
  const LayerPolicy& policy;       // one whose plan has pseudo-skips
  Index lanes;
  const StepMode* mode;  // [frames]
};

class PseudoSkipRunner {
 public:
  // Takes all the memory that the task needs, for chunks of so many rows.
  void reserve(const PseudoTask& task, Index chunk_rows, cudaStream_t stream);
  // Sets the state before the first step, and writes to `step` where the cells will read.
  void start(const PseudoTask& task, RecurrentStep& step, const Stream& stream);
  // Splits x of a chunk of so many rows and multiplies it.
  void multiply_input(const PseudoTask& task, const PackView& pack, const InputOperand& input,
                      Index rows, cudaStream_t stream) const;
  // Launches the products U h of step cursor + ahead, and makes the sums that the cells take.
  void launch(const PseudoTask& task, const RecurrentStep& step, Index rows, Index ahead,
              cudaStream_t stream) const;

  const PseudoStep& step() const { return step_; }

 private:
  // The memory of a PseudoHalf.
  struct Half {
    DeviceBuffer<std::byte> full, wide, delta, full_sums, wide_sums, delta_sums;
    DeviceBuffer<std::int32_t> reference;
    DeviceBuffer<std::int64_t> full_memory, delta_memory, offsets;

    void reserve(const Product& of_full, const Product& of_delta, bool has_wide, Index rows,
                 Index lanes, cudaStream_t stream);
    PseudoHalf start(const Product& of_full, const Product& of_delta, bool has_wide, Index lanes,
                     const Stream& stream);
  };
  static void multiply(const PseudoHalf& half, const Product& of_full, const Product& of_delta,
                       Index rows, cudaStream_t stream);

  PseudoStep step_;
  Half x_, h_;
  Mirrored<PseudoRules> rules_;
  DeviceBuffer<std::int64_t> chosen_wx_, chosen_uh_;
};

}  // namespace edgeval::gpu
