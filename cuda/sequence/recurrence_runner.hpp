// The recurrence of one direction, or of a decoder's layer: what it keeps of each of its rows, and
// the launches of a step
//   product U [-> choice of sums] -> cell [-> product -> projection] -> operand(h)
// around the product W of its input.
#pragma once

#include "cuda/kernel/cell.hpp"
#include "cuda/kernel/operand.hpp"
#include "cuda/sequence/numbers.hpp"

namespace edgeval::gpu {

struct RecurrenceTask {
  const RecurrentLayer& layer;
  const DeviceProducts& products;  // under the policy
  const LayerPolicy& policy;
  Index rows;             // of state, the most that run at once
  bool may_fuse = false;  // nothing comes between the products and cells of a step
};

class RecurrenceRunner {
 public:
  // All the memory of the task, so that nothing below allocates.
  void reserve(const RecurrenceTask& task, cudaStream_t stream);
  // State before the first step: c, h and what the operand's rule remembers.
  void start(const RecurrenceTask& task, const Stream& stream);
  // What the kernels read, without pack, cursor, places, wx, and how output and x lie.
  RecurrentStep step(const RecurrenceTask& task) const;
  // Behind the products W and U of step cursor + ahead and a selection's choice: the cells, and a
  // product that follows within the step.
  static void launch_cells(const RecurrenceTask& task, const RecurrentStep& step, Index rows,
                           Index ahead, cudaStream_t stream);

  DeviceView<float> h() const { return h_.view(); }
  // Numbers::State, of fp32 its bits, row by row, c_stride apart. Copies are done once the stream
  // was synchronized.
  void upload_cells(std::span<const std::int32_t> states, const Stream& stream) {
    c_.upload(states, stream);
  }
  void download_cells(std::span<std::int32_t> states, cudaStream_t stream) const {
    c_.download(states.data(), std::ssize(states), stream);
  }

 private:
  void reserve_after(const RecurrenceTask& task, cudaStream_t stream);

  DeviceBuffer<std::byte> h_operand_, after_operand_, uh_, after_, h_state_;
  DeviceBuffer<std::int32_t> c_;  // or floats
  DeviceMatrix<float> h_, before_after_;
  LayerNumbers numbers_;
  OperandRule rule_;
  bool fused_ = false;  // steps are launch_lstm_step's
};

}  // namespace edgeval::gpu
