#include "cuda/sequence/recurrence_runner.hpp"

namespace edgeval::gpu {

void RecurrenceRunner::reserve(const RecurrenceTask& task, cudaStream_t stream) {
  const Index padded = Product::padded(task.rows);
  form_ = task.layer.type() == CellType{} ? step_form(task.products, task.policy, task.most)
                                          : StepForm::kSeparate;
  h_.resize_discarding(padded, task.layer.width(), stream);
  c_.reserve_discarding(task.rows * DeviceMatrix<float>::padded_cols(task.layer.cells), stream);
  if (task.products.recurrent) {
    const ProductShape& recurrent = task.products.recurrent->shape();
    const Index operand_bytes = padded * recurrent.operand_bytes();
    if (!keeps_elements(task.policy)) h_operand_.reserve_discarding(operand_bytes, stream);
    if (form_ == StepForm::kWhole)
      h_operand_at_odd_steps_.reserve_discarding(operand_bytes, stream);
    else
      uh_.reserve_discarding(padded * recurrent.sum_bytes(), stream);
    h_state_.reserve_discarding(task.rows * task.layer.width() * state_bytes(task.policy), stream);
  }
  if (task.products.after) reserve_after(task, stream);
  numbers_.reserve(task.products, task.policy, stream);
  if (task.policies.empty())
    rule_.reserve(task.policy, task.products.recurrent_bits, stream);
  else
    rule_.reserve(task.policies, task.products.recurrent_bits, stream);
}

// Takes the memory for a product that follows within a step.
void RecurrenceRunner::reserve_after(const RecurrenceTask& task, cudaStream_t stream) {
  const ProductShape& after = task.products.after->shape();
  const Index padded = Product::padded(task.rows);
  before_after_.resize_discarding(padded, task.layer.cells, stream);
  after_operand_.reserve_discarding(padded * after.operand_bytes(), stream);
  after_.reserve_discarding(padded * after.sum_bytes(), stream);
}

void RecurrenceRunner::start(const RecurrenceTask& task, const Stream& stream) {
  c_.zero(task.rows * DeviceMatrix<float>::padded_cols(task.layer.cells), stream);
  h_.zero(stream);
  rule_.upload(stream);
  numbers_.upload(task.products, task.policy, form_, stream);
  if (task.products.recurrent)
    launch_initial_state(task.policy, h_state_.data(), task.rows * task.layer.width(), stream);
}

RecurrentStep RecurrenceRunner::step(const RecurrenceTask& task) const {
  const RecurrentLayer& layer = task.layer;
  const DeviceProducts& products = task.products;
  const bool keeps = keeps_elements(task.policy);
  RecurrentStep step{.pack = {},
                     .cursor = nullptr,
                     .places = nullptr,
                     .wx = {},
                     .uh = {},
                     .numbers = numbers_.data(),
                     .c = c_.data(),
                     .h = h_.view().data,
                     .operand = {},
                     .state = keeps ? nullptr : h_state_.data(),
                     .rule = rule_.data(),
                     .cells = layer.cells,
                     .width = layer.width(),
                     .c_stride = DeviceMatrix<float>::padded_cols(layer.cells),
                     .h_stride = h_.view().stride,
                     .output_stride = 0,
                     .type = layer.type(),
                     .form = form_};
  if (products.recurrent) {
    const ProductShape& recurrent = products.recurrent->shape();
    step.uh = {uh_.data(), recurrent.sum_stride()};
    step.operand = keeps ? OperandRows{h_.view().data, h_.view().stride}
                         : OperandRows{h_operand_.data(), recurrent.operand_stride()};
  }
  if (products.after) {
    const ProductShape& after = products.after->shape();
    step.before_after = before_after_.view().data;
    step.after_operand = {after_operand_.data(), after.operand_stride()};
    step.after = {after_.data(), after.sum_stride()};
  }
  return step;
}

StepFactors RecurrenceRunner::factors(const RecurrenceTask& task) const {
  const Product& u = *task.products.recurrent;
  return {.x = {},
          .w = task.products.input.weights(),
          .u = u.weights(),
          .at_odd_steps = {h_operand_at_odd_steps_.data(), u.shape().operand_stride()}};
}

void RecurrenceRunner::launch_cells(const RecurrenceTask& task, const RecurrentStep& step,
                                    Index rows, Index ahead, cudaStream_t stream) {
  if (step.type.blocks.in_halves()) {
    launch_first_half(task.policy, step, rows, ahead, stream);
    (*task.products.after)(step.after_operand, rows, step.after, stream);
  }
  gpu::launch_cells(task.policy, step, rows, ahead, stream);
  if (step.type.form.projection > 0) {
    (*task.products.after)(step.after_operand, rows, step.after, stream);
    launch_projection(task.policy, step, rows, ahead, stream);
  }
}

}  // namespace edgeval::gpu
