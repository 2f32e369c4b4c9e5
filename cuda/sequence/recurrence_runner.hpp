// Runs the recurrence of one direction, or of a decoder's layer. It owns what is kept of each row,
// and launches the cells of a step and a product that follows them. The whole step, of which others
// launch the rest, is
//   product U [-> choice of sums] -> cell [-> product -> projection] -> operand(h)
#pragma once

#include "cuda/kernel/cell.hpp"
#include "cuda/kernel/lstm_product.hpp"
#include "cuda/kernel/operand.hpp"
#include "cuda/sequence/numbers.hpp"

namespace edgeval::gpu {

struct RecurrenceTask {
  const RecurrentLayer& layer;
  const DeviceProducts& products;  // under the policy
  const LayerPolicy& policy;
  Index rows;  // how many rows have a state, which is the most that run at once
  // The form of a step with the most in one kernel that the task allows. Only kSeparate lets
  // something come between the products and the cells.
  StepForm most = StepForm::kSeparate;
  // Policies with the operands' rules of pack.rule; empty where all rows have that of `policy`.
  std::span<const LayerPolicy* const> policies = {};
};

class RecurrenceRunner {
 public:
  // Takes all the memory that the task needs, so that no function below allocates.
  void reserve(const RecurrenceTask& task, cudaStream_t stream);
  // Sets the state before the first step: c, h and what the operand's rule remembers.
  void start(const RecurrenceTask& task, const Stream& stream);
  // Returns what the kernels read, without pack, cursor, places and wx, and without the strides of
  // output and x.
  RecurrentStep step(const RecurrenceTask& task) const;
  // Returns what the kernel of a whole step reads beside, without x, for a step of that form.
  StepFactors factors(const RecurrenceTask& task) const;
  // Launches the cells of step cursor + ahead, and a product that follows within the step. The
  // products W and U and a selection come before.
  static void launch_cells(const RecurrenceTask& task, const RecurrentStep& step, Index rows,
                           Index ahead, cudaStream_t stream);

  StepForm form() const { return form_; }
  DeviceView<float> h() const { return h_.view(); }
  // Copy c as Numbers::State, or in fp32 as its bits, row by row, c_stride apart. A download is
  // done once the stream was synchronized.
  void upload_cells(std::span<const std::int32_t> states, const Stream& stream) {
    c_.upload(states, stream);
  }
  void download_cells(std::span<std::int32_t> states, cudaStream_t stream) const {
    c_.download(states.data(), std::ssize(states), stream);
  }

 private:
  void reserve_after(const RecurrenceTask& task, cudaStream_t stream);

  DeviceBuffer<std::byte> h_operand_, h_operand_at_odd_steps_, after_operand_, uh_, after_,
      h_state_;
  DeviceBuffer<std::int32_t> c_;  // holds floats in fp32
  DeviceMatrix<float> h_, before_after_;
  LayerNumbers numbers_;
  OperandRule rule_;
  StepForm form_ = StepForm::kSeparate;
};

}  // namespace edgeval::gpu
