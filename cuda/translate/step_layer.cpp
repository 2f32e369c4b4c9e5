#include "cuda/translate/step_layer.hpp"

#include <bit>

#include "host/engine/sequence/cell_state.hpp"

namespace edgeval::gpu {

void StepInput::reserve(const DeviceProducts& products, const LayerPolicy& policy, Index rows,
                        cudaStream_t stream) {
  const ProductShape& shape = products.input.shape();
  rows_ = rows;
  inputs_ = shape.inputs;
  const Index padded = Product::padded(rows);
  if (!keeps_elements(policy)) operand_.reserve_discarding(padded * shape.operand_bytes(), stream);
  sums_.reserve_discarding(padded * shape.sum_bytes(), stream);
  state_.reserve_discarding(rows * inputs_ * state_bytes(policy), stream);
  rule_.reserve(policy, products.recurrent_bits, stream);
}

void StepInput::start(const LayerPolicy& policy, const Stream& stream) {
  launch_initial_state(policy, state_.data(), rows_ * inputs_, stream);
  rule_.upload(stream);
}

// Returns the operand's rows, which are x itself where elements stay as they are.
OperandRows StepInput::operand(const DeviceProducts& products, const LayerPolicy& policy,
                               DeviceView<const float> x) const {
  if (!keeps_elements(policy)) return {operand_.data(), products.input.shape().operand_stride()};
  return {const_cast<float*>(x.data), x.stride};  // nobody writes to it
}

OperandRows StepInput::multiply(const DeviceProducts& products, const LayerPolicy& policy,
                                DeviceView<const float> x, const OperandTotals& totals,
                                const StepLaunch& launch) const {
  const OperandRows rows = operand(products, policy, x);
  launch_packed_operand(policy, launch.pack,
                        {.x = x,
                         .operand = rows,
                         .state = keeps_elements(policy) ? nullptr : state_.data(),
                         .rule = rule_.data(),
                         .totals = totals,
                         .first_step = 0,
                         .end_step = 1,
                         .lanes = launch.rows},
                        launch.stream);
  products.input(rows, launch.rows, sums(products), launch.stream);
  return rows;
}

void StepInput::multiply(const DeviceProducts& products, const LayerPolicy& policy,
                         const Lanes& lanes, DeviceView<const float> x, const OperandTotals& totals,
                         cudaStream_t stream) const {
  const OperandRows rows = operand(products, policy, x);
  launch_frame_operand(policy, lanes,
                       {.x = x,
                        .operand = rows,
                        .state = keeps_elements(policy) ? nullptr : state_.data(),
                        .rule = rule_.data(),
                        .totals = totals},
                       stream);
  products.input(rows, lanes.frames, sums(products), stream);
}

void StepInput::add_segments(const LayerPolicy& policy, std::vector<RowSegment>& segments) const {
  if (has_state(policy))
    segments.push_back({state_.data(), inputs_ * state_bytes(policy), nullptr});
}

SelectionTask RecurrentStepLayer::selection_of(const RecurrentStepTask& task) {
  const RecurrenceTask& recurrence = task.recurrence;
  return {recurrence.layer, recurrence.products, task.second, recurrence.policy, recurrence.rows};
}

void RecurrentStepLayer::reserve(const RecurrentStepTask& task, cudaStream_t stream) {
  const RecurrenceTask& recurrence = task.recurrence;
  input_.reserve(recurrence.products, recurrence.policy, recurrence.rows, stream);
  recurrence_.reserve(recurrence, stream);
  places_.reserve(stream);
  if (uses_selection(recurrence.policy))
    selection_.reserve(selection_of(task), Product::padded(recurrence.rows), stream);
}

void RecurrentStepLayer::start(const RecurrentStepTask& task, const SearchRows& rows,
                               const Matrix<float>& h, const Matrix<float>& c,
                               const Stream& stream) {
  const RecurrenceTask& recurrence = task.recurrence;
  input_.start(recurrence.policy, stream);
  places_.upload({.output = recurrence_.h().data,
                  .input = task.totals.input,
                  .recurrent = task.totals.recurrent,
                  .selected = task.totals.selected},
                 stream);
  recurrence_.start(recurrence, stream);
  step_ = recurrence_.step(recurrence);
  step_.wx = input_.sums(recurrence.products);
  step_.places = places_.there();
  step_.output_stride = step_.h_stride;
  step_.pack = rows.pack();
  step_.cursor = rows.view().cursor;
  if (uses_selection(recurrence.policy)) selection_.start(selection_of(task), step_, stream);
  upload(h.view(), recurrence_.h().leading(h.rows()), stream);
  const bool floats = std::holds_alternative<Fp32>(recurrence.policy.arithmetic);
  std::vector<std::int32_t> states(static_cast<std::size_t>(c.rows() * step_.c_stride));
  for (Index r = 0; r < c.rows(); ++r)
    for (Index j = 0; j < c.cols(); ++j)
      states[r * step_.c_stride + j] =
          floats ? std::bit_cast<std::int32_t>(c(r, j)) : cell_state<std::int32_t>(c(r, j));
  recurrence_.upload_cells(states, stream);
}

void RecurrentStepLayer::run(const RecurrentStepTask& task, DeviceView<const float> x,
                             const StepLaunch& launch) {
  const RecurrenceTask& recurrence = task.recurrence;
  const DeviceProducts& products = recurrence.products;
  const LayerPolicy& policy = recurrence.policy;
  const OperandRows entered = input_.multiply(products, policy, x, task.totals.input, launch);
  const bool chooses = uses_selection(policy);
  if (chooses) selection_.multiply_input(selection_of(task), entered, launch.rows, launch.stream);
  launch_recurrent_operand(policy, step_, launch.rows, 0, launch.stream);
  (*products.recurrent)(step_.operand, launch.rows, step_.uh, launch.stream);
  if (chooses) selection_.launch(selection_of(task), step_, launch.rows, 0, launch.stream);
  RecurrenceRunner::launch_cells(recurrence, step_, launch.rows, 0, launch.stream);
}

void RecurrentStepLayer::add_segments(const RecurrentStepTask& task,
                                      std::vector<RowSegment>& segments) const {
  const RecurrenceTask& recurrence = task.recurrence;
  const auto add = [&](void* data, Index bytes) { segments.push_back({data, bytes, nullptr}); };
  input_.add_segments(recurrence.policy, segments);
  add(step_.h, step_.h_stride * Index{sizeof(float)});
  add(step_.c.memory(), step_.c_stride * kStateBytes);
  if (has_state(recurrence.policy))
    add(step_.state.memory(), step_.width * state_bytes(recurrence.policy));
  if (uses_selection(recurrence.policy))
    add(selection_.step().memory.memory(),
        selection_bytes(recurrence.policy, recurrence.layer.gates() * recurrence.layer.cells,
                        recurrence.layer.cells));
}

void LinearStepLayer::reserve(const LinearStepTask& task, cudaStream_t stream) {
  input_.reserve(task.products, task.policy, task.rows, stream);
  numbers_.reserve(task.products, task.policy, stream);
}

void LinearStepLayer::start(const LinearStepTask& task, const Stream& stream) {
  input_.start(task.policy, stream);
  numbers_.upload(task.products, task.policy,
                  task.sums_fit() ? StepForm::kCells : StepForm::kSeparate, stream);
}

void LinearStepLayer::multiply(const LinearStepTask& task, DeviceView<const float> x,
                               const StepLaunch& launch) const {
  input_.multiply(task.products, task.policy, x, task.totals.input, launch);
}

void LinearStepLayer::run(const LinearStepTask& task, DeviceView<const float> x,
                          DeviceView<float> y, const StepLaunch& launch) const {
  multiply(task, x, launch);
  LinearFinish end = finish(task, y.leading(launch.rows));
  end.rows = launch.running;
  launch_linear(task.policy.arithmetic, end, launch.stream);
}

void LinearStepLayer::run(const LinearStepTask& task, const Lanes& lanes, DeviceView<const float> x,
                          DeviceView<float> y, cudaStream_t stream) const {
  input_.multiply(task.products, task.policy, lanes, x, task.totals.input, stream);
  launch_linear(task.policy.arithmetic, finish(task, y.leading(lanes.frames)), stream);
}

LinearFinish LinearStepLayer::finish(const LinearStepTask& task, DeviceView<float> y) const {
  return {.products = sums(task),
          .numbers = numbers_.data(),
          .range = activation_range(task.layer.activation),
          .y = y,
          .end = task.end};
}

}  // namespace edgeval::gpu
