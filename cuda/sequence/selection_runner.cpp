#include "cuda/sequence/selection_runner.hpp"

#include "host/engine/sequence/selection.hpp"

namespace edgeval::gpu {
namespace {

constexpr Index kMostSumBytes = 8;  // of Numbers::Sum

Index neurons_of(const RecurrentLayer& layer) { return layer.gates() * layer.cells; }

// Return the rows of a second product's operand and sums.
OperandRows rows_of(const DeviceBuffer<std::byte>& memory, const Product& product) {
  return {memory.data(), product.shape().operand_stride()};
}
SumRows sums_of(const DeviceBuffer<std::byte>& memory, const Product& product) {
  return {memory.data(), product.shape().sum_stride()};
}

}  // namespace

bool uses_selection(const LayerPolicy& policy) {
  return std::visit([]<class Technique>(const Technique&) { return edgeval::selects<Technique>(); },
                    policy.operand);
}

void count_selected(LayerActivity& activity, const LayerPolicy& policy, std::uint64_t selected,
                    std::uint64_t at_pseudo) {
  if (pseudo_skip(policy) != nullptr) {
    const LayerShape& shape = activity.shape;
    activity[Count::kStepsPseudo] = selected;
    activity[Count::kMacs8x8] = static_cast<std::uint64_t>(shape.gates * shape.outputs) * at_pseudo;
    return;
  }
  std::visit(
      [&]<class Technique>(const Technique& operand) {
        if constexpr (edgeval::selects<Technique>()) activity[selected_count(operand)] = selected;
      },
      policy.operand);
}

void SelectionRunner::reserve(const SelectionTask& task, Index chunk_rows, cudaStream_t stream) {
  const Index neurons = neurons_of(task.layer), lane_rows = Product::padded(task.lanes);
  choice_ = choice_bytes(task.policy);
  choice_on_device_.reserve_discarding(static_cast<Index>(choice_.size()), stream);
  memory_.reserve_discarding(task.lanes * selection_bytes(task.policy, neurons, task.layer.cells),
                             stream);
  chosen_wx_.reserve_discarding(task.lanes * neurons * kMostSumBytes, stream);
  chosen_uh_.reserve_discarding(task.lanes * neurons * kMostSumBytes, stream);
  if (!task.products.recurrent)
    no_recurrent_.reserve_discarding(lane_rows * task.products.input.shape().sum_bytes(), stream);
  if (task.second == nullptr) return;
  const ProductShape& input = task.second->input.shape();
  x_operand_.reserve_discarding(chunk_rows * input.operand_bytes(), stream);
  second_wx_.reserve_discarding(chunk_rows * input.sum_bytes(), stream);
  if (!task.second->recurrent) return;
  const ProductShape& recurrent = task.second->recurrent->shape();
  h_operand_.reserve_discarding(lane_rows * recurrent.operand_bytes(), stream);
  second_uh_.reserve_discarding(lane_rows * recurrent.sum_bytes(), stream);
}

void SelectionRunner::start(const SelectionTask& task, RecurrentStep& step, const Stream& stream) {
  const Index neurons = neurons_of(task.layer);
  choice_on_device_.upload(choice_, stream);
  memory_.zero(task.lanes * selection_bytes(task.policy, neurons, task.layer.cells), stream);
  step_ = {.choice = choice_on_device_.data(), .memory = memory_.data()};
  if (task.second != nullptr) {
    step_.second_wx = sums_of(second_wx_, task.second->input);
    if (task.second->recurrent) step_.second_uh = sums_of(second_uh_, *task.second->recurrent);
  }
  step.chosen_wx = {chosen_wx_.data(), neurons};
  step.chosen_uh = {chosen_uh_.data(), neurons};
  if (task.products.recurrent) return;
  // A cell without U remembers zeros beside W x.
  const ProductShape& input = task.products.input.shape();
  no_recurrent_.zero(Product::padded(task.lanes) * input.sum_bytes(), stream);
  step.uh = {no_recurrent_.data(), input.sum_stride()};
}

void SelectionRunner::multiply_input(const SelectionTask& task, OperandRows operand, Index rows,
                                     cudaStream_t stream) const {
  if (task.second == nullptr) return;
  const Product& product = task.second->input;
  const OperandRows second = rows_of(x_operand_, product);
  launch_second_operand(task.policy, {operand, second, rows, product.inputs()}, step_.choice,
                        stream);
  product(second, rows, step_.second_wx, stream);
}

void SelectionRunner::launch(const SelectionTask& task, const RecurrentStep& step, Index rows,
                             Index ahead, cudaStream_t stream) const {
  if (task.second != nullptr && task.second->recurrent) {
    const Product& product = *task.second->recurrent;
    const OperandRows second = rows_of(h_operand_, product);
    launch_second_operand(task.policy, {step.operand, second, rows, product.inputs()}, step_.choice,
                          stream);
    product(second, rows, step_.second_uh, stream);
  }
  launch_selection(task.policy, step, step_, rows, ahead, stream);
}

}  // namespace edgeval::gpu
