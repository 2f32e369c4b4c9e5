#include "cuda/lstm.hpp"

#include <algorithm>
#include <numeric>

#include "cuda/unpack.hpp"

namespace edgeval::gpu {
namespace {

constexpr Index kTypicalInputRows = 8192;     // of W's products: the rows of many steps
constexpr Index kTypicalRecurrentRows = 512;  // of U's products: the lanes of one step
constexpr Index kStepsPerGraph = 16;
constexpr Index kLeastGraphs = 2;  // shorter stretches are not worth a recording
constexpr std::size_t kMostRecorded = 256;

// h itself as the operand of fp32.
OperandRows rows_of(DeviceView<float> h) {
  return {reinterpret_cast<std::byte*>(h.data), h.stride};
}

}  // namespace

DeviceProducts lstm_products(const CublasLt& cublas, const LstmWeights& weights, int bits,
                             cudaStream_t stream) {
  DeviceProducts products{
      {Product(cublas, weights.weight_ih.view(), bits, kTypicalInputRows, stream),
       Product(cublas, weights.weight_hh.view(), bits, kTypicalRecurrentRows, stream),
       &weights.bias},
      {}};
  products.float_bias.upload(weights.bias.data(), weights.bias.size(), stream);
  return products;
}

void LstmRunner::reserve(const DeviceProducts& products, const LayerPolicy& policy,
                         const Lanes& lanes) {
  const Index inputs = products.input.inputs(), cells = products.cells();
  const ProductShape &input = products.input.shape(), &recurrent = products.recurrent->shape();
  const Index row_bytes = input.operand_bytes() + input.sum_bytes();
  chunk_rows_ =
      Product::padded(std::min(std::max(lanes.count, chunk_bytes_ / row_bytes), lanes.frames));
  const Index lane_rows = Product::padded(lanes.count);
  packing_.reserve(lanes, stream_);
  mode_.reserve(lanes.frames, stream_);
  live_.reserve(lanes.frames, stream_);
  running_on_device_.reserve(lanes.count, stream_);
  x_operand_.reserve(chunk_rows_ * input.operand_bytes(), stream_);
  wx_.reserve(chunk_rows_ * input.sum_bytes(), stream_);
  uh_.reserve(lane_rows * recurrent.sum_bytes(), stream_);
  h_.resize(lane_rows, cells, stream_);
  c_.reserve(lanes.count * h_.view().stride * kStateBytes, stream_);
  if (!keeps_elements(policy)) h_operand_.reserve(lane_rows * recurrent.operand_bytes(), stream_);
  x_state_.reserve(lanes.count * inputs * state_bytes(policy), stream_);
  h_state_.reserve(lanes.count * cells * state_bytes(policy), stream_);
  numbers_.reserve(products, policy, stream_);
  rule_ = rule_bytes(policy);
  rule_on_device_.reserve(static_cast<Index>(rule_.size()), stream_);
  cursor_.reserve(1, stream_);
}

void LstmRunner::plan(const LstmTask& task) {
  reserve(task.products, task.policy, task.lanes);
  const bool backward = task.direction == Direction::kBackward;
  std::visit(
      [&](const auto& plan) {
        using Choice = std::remove_cvref_t<decltype(plan)>;
        if constexpr (std::is_same_v<Choice, SimilaritySkip>) {
          launch_plan_similarity(plan.rule(), task.lanes, task.similarity, backward, plan_view(),
                                 stream_);
        } else {
          static_assert(std::is_same_v<Choice, EveryStep>, "a plan that has no kernel here");
          launch_plan_every_step(task.lanes, backward, plan_view(), stream_);
        }
      },
      task.policy.plan);
  packing_.pack(task.lanes, plan_view(), stream_);
  running_.resize(static_cast<std::size_t>(task.lanes.count));
  active_.resize(static_cast<std::size_t>(task.lanes.longest) + 1);
  running_on_device_.download(running_.data(), task.lanes.count, stream_);
  packing_.download_active(active_, stream_);
}

void LstmRunner::run(const LstmTask& task) {
  stream_.synchronize();  // for running_ and active_
  offset_.resize(active_.size());
  std::exclusive_scan(active_.begin(), active_.end(), offset_.begin(), Index{0});
  steps_ = std::find(active_.begin(), active_.end(), 0) - active_.begin();
  const RecurrentStep step = recurrent_step(task);
  start(task, step);
  for (Index first = 0; first < steps_;) first = run_chunk(task, step, first);
  if (std::holds_alternative<SimilaritySkip>(task.policy.plan))
    launch_unpack(task.lanes, plan_view(), task.direction == Direction::kBackward, task.output,
                  stream_);
}

std::vector<StepMode> LstmRunner::modes(Index frames) const {
  std::vector<StepMode> modes(static_cast<std::size_t>(frames));
  mode_.download(modes.data(), frames, stream_);
  stream_.synchronize();
  return modes;
}

RecurrentStep LstmRunner::recurrent_step(const LstmTask& task) const {
  const bool keeps = keeps_elements(task.policy);
  const ProductShape& recurrent = task.products.recurrent->shape();
  return {.pack = packing_.view(),
          .cursor = cursor_.data(),
          .wx = {wx_.data(), task.products.input.shape().sum_stride()},
          .uh = {uh_.data(), recurrent.sum_stride()},
          .numbers = numbers_.data(),
          .c = c_.data(),
          .h = h_.view().data,
          .operand = keeps ? rows_of(h_.view())
                           : OperandRows{h_operand_.data(), recurrent.operand_stride()},
          .output = task.output.data,
          .state = keeps ? nullptr : h_state_.data(),
          .rule = rule_on_device_.data(),
          .totals = task.recurrent_totals,
          .cells = task.products.cells(),
          .cell_stride = h_.view().stride,
          .output_stride = task.output.stride};
}

// State before the first step, and what h = 0 brings into its product.
void LstmRunner::start(const LstmTask& task, const RecurrentStep& step) {
  const LayerPolicy& policy = task.policy;
  c_.zero(task.lanes.count * step.cell_stride * kStateBytes, stream_);
  h_.zero(stream_);
  launch_initial_state(policy, x_state_.data(), task.lanes.count * task.products.input.inputs(),
                       stream_);
  launch_initial_state(policy, h_state_.data(), task.lanes.count * step.cells, stream_);
  rule_on_device_.upload(rule_, stream_);
  numbers_.upload(task.products, policy, stream_);
  launch_first_operand(policy, step, active_.front(), stream_);
}

// Runs as many steps from `first` as fit into a chunk (at least one); returns the step after the
// last.
Index LstmRunner::run_chunk(const LstmTask& task, const RecurrentStep& step, Index first) {
  const Index first_row = offset_[first];
  Index end = first + 1;
  while (end < steps_ && offset_[end] + active_[end] - first_row <= chunk_rows_) ++end;
  const Index rows = offset_[end - 1] + active_[end - 1] - first_row;
  const OperandRows operand{x_operand_.data(), task.products.input.shape().operand_stride()};
  launch_packed_operand(task.policy, packing_.view(),
                        {.x = task.x,
                         .operand = operand,
                         .state = keeps_elements(task.policy) ? nullptr : x_state_.data(),
                         .totals = task.input_totals,
                         .first_step = first,
                         .end_step = end,
                         .lanes = active_[first],
                         .first_row = first_row},
                        stream_);
  task.products.input(operand, rows, step.wx, stream_);
  launch_set_cursor(cursor_.data(), {first, first_row}, stream_);
  const auto blocks = [&](Index k) { return Product::padded(active_[k]) / Product::kRowBlock; };
  for (Index k = first; k < end;) {
    Index next = k + 1;
    while (next < end && blocks(next) == blocks(k)) ++next;
    run_steps(task, step, blocks(k), next - k);
    k = next;
  }
  return end;
}

// `count` steps whose active lanes fill `blocks` row blocks of the product.
void LstmRunner::run_steps(const LstmTask& task, const RecurrentStep& step, Index blocks,
                           Index count) {
  if (count > kLeastGraphs * kStepsPerGraph) {
    launch_steps(task, step, blocks, 1);  // loads the kernels, which a recording should not do
    --count;
    const Graph& recorded = graph(task, step, blocks);
    for (; count >= kStepsPerGraph; count -= kStepsPerGraph) recorded.launch(stream_);
  }
  launch_steps(task, step, blocks, count);
}

void LstmRunner::launch_steps(const LstmTask& task, const RecurrentStep& step, Index blocks,
                              Index count) {
  const Index rows = blocks * Product::kRowBlock;
  for (Index ahead = 0; ahead < count; ++ahead) {
    (*task.products.recurrent)(step.operand, rows, step.uh, stream_);
    launch_recurrent_step(task.policy, step, rows, ahead, stream_);
  }
  if (count > 0) launch_advance_cursor(cursor_.data(), count, stream_);
}

const Graph& LstmRunner::graph(const LstmTask& task, const RecurrentStep& step, Index blocks) {
  // The product belongs to one layer, direction and arithmetic.
  const Product* product = &*task.products.recurrent;
  const std::size_t operand = task.policy.operand.index();
  const bool exact = std::holds_alternative<Exact>(task.policy.nonlinearity);
  for (const Recorded& known : recorded_)
    if (known.product == product && known.operand == operand && known.exact == exact &&
        known.blocks == blocks && known.step == step)
      return known.graph;
  if (recorded_.size() == kMostRecorded) {
    stream_.synchronize();
    recorded_.clear();
  }
  recorded_.push_back({step, product, operand, exact, blocks,
                       Graph([&] { launch_steps(task, step, blocks, kStepsPerGraph); }, stream_)});
  return recorded_.back().graph;
}

}  // namespace edgeval::gpu
