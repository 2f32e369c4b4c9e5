#include "cuda/sequence/pseudo_skip_runner.hpp"

namespace edgeval::gpu {
namespace {

// Returns whether full steps may bring numbers of more than 16 bits. Those of the delta operand do,
// since they are differences.
bool has_wide(const LayerPolicy& policy) { return std::holds_alternative<Delta>(policy.operand); }

PseudoRules rules_of(const PseudoTask& task) {
  const auto& skip = std::get<SimilaritySkip>(task.policy.plan);
  const auto* delta = std::get_if<Delta>(&task.policy.operand);
  const int x_bits = static_cast<int>(std::get<Int16>(task.policy.arithmetic).input_bits);
  return {
      PseudoRule::of(skip, delta, Source::kInput, Grid::of(x_bits, 16)),
      PseudoRule::of(skip, delta, Source::kRecurrent, Grid::of(task.products.recurrent_bits, 16))};
}

}  // namespace

void PseudoSkipRunner::Half::reserve(const Product& of_full, const Product& of_delta, bool has_wide,
                                     Index rows, Index lanes, cudaStream_t stream) {
  const ProductShape &wide_shape = of_full.shape(), &delta_shape = of_delta.shape();
  full.reserve_discarding(rows * wide_shape.operand_bytes(), stream);
  full_sums.reserve_discarding(rows * wide_shape.sum_bytes(), stream);
  delta.reserve_discarding(rows * delta_shape.operand_bytes(), stream);
  delta_sums.reserve_discarding(rows * delta_shape.sum_bytes(), stream);
  if (has_wide) {
    wide.reserve_discarding(rows * wide_shape.operand_bytes(), stream);
    wide_sums.reserve_discarding(rows * wide_shape.sum_bytes(), stream);
  }
  reference.reserve_discarding(lanes * of_full.inputs(), stream);
  full_memory.reserve_discarding(lanes * of_full.outputs(), stream);
  delta_memory.reserve_discarding(lanes * of_full.outputs(), stream);
  offsets.reserve_discarding(of_full.outputs(), stream);
}

PseudoHalf PseudoSkipRunner::Half::start(const Product& of_full, const Product& of_delta,
                                         bool has_wide, Index lanes, const Stream& stream) {
  reference.zero(lanes * of_full.inputs(), stream);
  full_memory.zero(lanes * of_full.outputs(), stream);
  delta_memory.zero(lanes * of_full.outputs(), stream);
  offsets.upload(of_full.offsets(), stream);
  const Index stride = of_full.shape().operand_stride(), sum_stride = of_full.shape().sum_stride();
  PseudoHalf half{.full = {full.data(), stride},
                  .delta = {delta.data(), of_delta.shape().operand_stride()},
                  .full_sums = {full_sums.data(), sum_stride},
                  .delta_sums = {delta_sums.data(), of_delta.shape().sum_stride()},
                  .reference = reference.data(),
                  .full_memory = full_memory.data(),
                  .delta_memory = delta_memory.data(),
                  .offsets = offsets.data(),
                  .width = of_full.inputs()};
  if (has_wide) {
    half.wide = {wide.data(), stride};
    half.wide_sums = {wide_sums.data(), sum_stride};
  }
  return half;
}

void PseudoSkipRunner::multiply(const PseudoHalf& half, const Product& of_full,
                                const Product& of_delta, Index rows, cudaStream_t stream) {
  of_full(half.full, rows, half.full_sums, stream);
  if (half.wide.data) of_full(half.wide, rows, half.wide_sums, stream);
  of_delta(half.delta, rows, half.delta_sums, stream);
}

void PseudoSkipRunner::reserve(const PseudoTask& task, Index chunk_rows, cudaStream_t stream) {
  const bool wide = has_wide(task.policy);
  const Index sums = task.lanes * task.products.input.outputs();
  x_.reserve(task.products.input, task.second.input, wide, chunk_rows, task.lanes, stream);
  if (task.products.recurrent)
    h_.reserve(*task.products.recurrent, *task.second.recurrent, wide, Product::padded(task.lanes),
               task.lanes, stream);
  rules_.reserve(stream);
  chosen_wx_.reserve_discarding(sums, stream);
  chosen_uh_.reserve_discarding(sums, stream);
}

void PseudoSkipRunner::start(const PseudoTask& task, RecurrentStep& step, const Stream& stream) {
  const bool wide = has_wide(task.policy);
  rules_.upload(rules_of(task), stream);
  step_ = {.rules = rules_.there(),
           .mode = task.mode,
           .places = step.places,
           .x = x_.start(task.products.input, task.second.input, wide, task.lanes, stream),
           .h = {}};
  if (task.products.recurrent)
    step_.h = h_.start(*task.products.recurrent, *task.second.recurrent, wide, task.lanes, stream);
  const Index neurons = task.products.input.outputs();
  step.chosen_wx = {chosen_wx_.data(), neurons};
  step.chosen_uh = {chosen_uh_.data(), neurons};
}

void PseudoSkipRunner::multiply_input(const PseudoTask& task, const PackView& pack,
                                      const InputOperand& input, Index rows,
                                      cudaStream_t stream) const {
  launch_pseudo_input(step_, pack, input, stream);
  multiply(step_.x, task.products.input, task.second.input, rows, stream);
}

void PseudoSkipRunner::launch(const PseudoTask& task, const RecurrentStep& step, Index rows,
                              Index ahead, cudaStream_t stream) const {
  if (task.products.recurrent) {
    launch_pseudo_operand(step_, step, rows, ahead, stream);
    multiply(step_.h, *task.products.recurrent, *task.second.recurrent, rows, stream);
  }
  launch_pseudo_sums(step_, step, rows, ahead, stream);
}

}  // namespace edgeval::gpu
