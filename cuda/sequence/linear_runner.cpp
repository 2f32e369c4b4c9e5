#include "cuda/sequence/linear_runner.hpp"

#include <algorithm>

#include "cuda/kernel/unpack.hpp"

namespace edgeval::gpu {

void LinearRunner::reserve(const LinearTask& task, const Stream& stream) {
  const ProductShape& shape = task.products.input.shape();
  numbers_.reserve(task.products, task.policy(), stream);
  rule_.reserve(task.policies, task.products.recurrent_bits, stream);
  if (!keeps(task)) {
    operand_.reserve_discarding(Product::padded(task.lanes.frames) * shape.operand_bytes(), stream);
    state_.reserve_discarding(task.lanes.count * shape.inputs * state_bytes(task.policy()), stream);
  }
  if (!shape.floats()) sums_.reserve_discarding(rows_at_once(task) * shape.sum_bytes(), stream);
}

Index LinearRunner::rows_at_once(const LinearTask& task) const {
  const Index rows = std::max(Index{1}, chunk_bytes_ / task.products.input.shape().sum_bytes());
  return Product::padded(std::min(rows, task.lanes.frames));
}

void LinearRunner::run(const LinearTask& task, const Stream& stream) {
  const ProductShape& shape = task.products.input.shape();
  const bool keeps = LinearRunner::keeps(task);
  if (!keeps_elements(task.policy()))
    launch_initial_state(task.policy(), state_.data(), task.lanes.count * task.layer.inputs,
                         stream);
  const OperandRows operand = keeps ? OperandRows{task.x.data, shape.operand_stride()}
                                    : OperandRows{operand_.data(), shape.operand_stride()};
  numbers_.upload(task.products, task.policy(), StepForm::kSeparate, stream);
  rule_.reserve(task.policies, task.products.recurrent_bits, stream);
  rule_.upload(stream);
  launch_frame_operand(task.policy(), task.lanes,
                       {.x = task.x,
                        .operand = operand,
                        .state = keeps_elements(task.policy()) ? nullptr : state_.data(),
                        .rule = rule_.data(),
                        .totals = task.totals},
                       stream);
  const Index at_once = shape.floats() ? task.lanes.frames : rows_at_once(task);
  for (Index first = 0; first < task.lanes.frames; first += at_once) {
    const DeviceView<float> y =
        task.output.slice(first, std::min(at_once, task.lanes.frames - first));
    const SumRows sums = shape.floats() ? SumRows{y.data, shape.sum_stride()}
                                        : SumRows{sums_.data(), shape.sum_stride()};
    task.products.input(shape.from(operand, first * shape.digits()), y.rows, sums, stream);
    launch_linear(task.policy().arithmetic,
                  {.products = sums,
                   .numbers = numbers_.data(),
                   .range = activation_range(task.layer.activation),
                   .y = y},
                  stream);
  }
}

}  // namespace edgeval::gpu
