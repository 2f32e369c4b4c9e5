#include "cuda/sequence/direction_runner.hpp"

#include <algorithm>
#include <bit>
#include <numeric>

#include "cuda/device/four.hpp"
#include "cuda/kernel/lstm_step.hpp"
#include "cuda/kernel/unpack.hpp"
#include "host/engine/sequence/cell_state.hpp"

namespace edgeval::gpu {
namespace {

constexpr Index kStepsPerGraph = 16;
constexpr Index kLeastGraphs = 2;  // fewer replays are not worth a recording
constexpr std::size_t kMostRecorded = 256;

bool has_pseudo(const LayerPolicy& policy) { return pseudo_skip(policy) != nullptr; }

}  // namespace

RecurrenceTask DirectionRunner::recurrence_of(const DirectionTask& task) const {
  const bool separate = uses_selection(task.policy()) || has_pseudo(task.policy());
  return {task.layer,
          task.products,
          task.policy(),
          task.lanes.count,
          separate ? StepForm::kSeparate : most_,
          task.policies};
}

// Returns what the kernel of a whole step reads, or nothing for steps of another form.
StepFactors DirectionRunner::factors_of(const DirectionTask& task) const {
  if (recurrence_.form() != StepForm::kWhole) return {};
  StepFactors factors = recurrence_.factors(recurrence_of(task));
  factors.x = {x_operand_.data(), task.products.input.shape().operand_stride()};
  return factors;
}

SelectionTask DirectionRunner::selection_of(const DirectionTask& task) {
  return {task.layer, task.products, task.second, task.policy(), task.lanes.count};
}

PseudoTask DirectionRunner::pseudo_of(const DirectionTask& task) const {
  return {task.layer, task.products, *task.second, task.policy(), task.lanes.count, mode_.data()};
}

void DirectionRunner::reserve(const DirectionTask& task) {
  const Lanes& lanes = task.lanes;
  const Index inputs = task.layer.product_inputs(), window = task.layer.form.window;
  const ProductShape& input = task.products.input.shape();
  const Index window_bytes =
      window > 1 ? DeviceMatrix<float>::padded_cols(inputs) * Index{sizeof(float)} : 0;
  // Pseudo-skips may multiply by the 16-bit weights twice.
  const Index times = has_pseudo(task.policy()) ? 2 : 1;
  recurrence_.reserve(recurrence_of(task), stream_);
  const Index sum_bytes = recurrence_.form() == StepForm::kWhole ? 0 : input.sum_bytes();
  const Index row_bytes = times * (input.operand_bytes() + sum_bytes) + window_bytes +
                          SelectionRunner::row_bytes(task.second);
  chunk_rows_ =
      Product::padded(std::min(std::max(lanes.count, chunk_bytes_ / row_bytes), lanes.frames));
  packing_.reserve(lanes, stream_);
  if (task.policies.size() > 1) plan_rules_.reserve_discarding(std::ssize(task.policies), stream_);
  mode_.reserve_discarding(lanes.frames, stream_);
  live_.reserve_discarding(lanes.frames, stream_);
  running_on_device_.reserve_discarding(lanes.count, stream_);
  if (window > 1) windows_.resize_discarding(chunk_rows_, inputs, stream_);
  if (has_pseudo(task.policy())) {
    pseudo_.reserve(pseudo_of(task), chunk_rows_, stream_);
  } else {
    x_operand_.reserve_discarding(chunk_rows_ * input.operand_bytes(), stream_);
    wx_.reserve_discarding(chunk_rows_ * sum_bytes, stream_);
  }
  x_state_.reserve_discarding(lanes.count * inputs * state_bytes(task.policy()), stream_);
  if (uses_selection(task.policy())) selection_.reserve(selection_of(task), chunk_rows_, stream_);
  cursor_.reserve_discarding(1, stream_);
  places_.reserve(stream_);
}

void DirectionRunner::plan(const DirectionTask& task) {
  reserve(task);
  std::visit(
      [&](const auto& plan) {
        using Choice = std::remove_cvref_t<decltype(plan)>;
        if constexpr (std::is_same_v<Choice, SimilaritySkip>) {
          plan_by_similarity(task);
        } else {
          static_assert(std::is_same_v<Choice, EveryStep>, "a plan that has no kernel here");
          launch_plan_every_step(task.lanes, task.direction == Direction::kBackward, plan_view(),
                                 stream_);
        }
      },
      task.policy().plan);
  packing_.pack(task.lanes, plan_view(), stream_);
  running_.resize(static_cast<std::size_t>(task.lanes.count));
  active_.resize(static_cast<std::size_t>(task.lanes.longest) + 1);
  running_on_device_.download(running_.data(), task.lanes.count, stream_);
  packing_.download_active(active_, stream_);
}

void DirectionRunner::plan_by_similarity(const DirectionTask& task) {
  const bool backward = task.direction == Direction::kBackward;
  std::vector<PlanRule> rules;
  for (const LayerPolicy* policy : task.policies)
    rules.push_back(PlanRule::of(std::get<SimilaritySkip>(policy->plan)));
  if (rules.size() == 1) {
    launch_plan_similarity(rules.front(), task.lanes, task.similarity, backward, plan_view(),
                           stream_);
    return;
  }
  plan_rules_.upload(rules, stream_);
  launch_plan_similarity(plan_rules_.data(), task.lanes, task.similarity, backward, plan_view(),
                         stream_);
}

void DirectionRunner::run(const DirectionTask& task) {
  stream_.synchronize();  // now running_ and active_ are on the host
  offset_.resize(active_.size());
  std::exclusive_scan(active_.begin(), active_.end(), offset_.begin(), Index{0});
  steps_ = std::find(active_.begin(), active_.end(), 0) - active_.begin();
  RecurrentStep step = recurrent_step(task);
  start(task, step);
  for (Index first = 0; first < steps_;) first = run_chunk(task, step, first);
  if (std::holds_alternative<SimilaritySkip>(task.policy().plan))
    launch_unpack(task.lanes, plan_view(), task.direction == Direction::kBackward, task.output,
                  stream_);
}

FinalStates DirectionRunner::final_states(const DirectionTask& task) const {
  const Index lanes = task.lanes.count, cells = task.layer.cells;
  const RecurrentStep step = recurrence_.step(recurrence_of(task));
  Matrix<float> h(lanes, task.layer.width());  // by position
  std::vector<std::int32_t> c(static_cast<std::size_t>(lanes * step.c_stride)),
      lane(static_cast<std::size_t>(lanes));
  const Settle settle;
  download(recurrence_.h().leading(lanes), h.view(), stream_);
  recurrence_.download_cells(c, stream_);
  packing_.download_lanes(lane, stream_);
  stream_.synchronize();
  const bool floats = std::holds_alternative<Fp32>(task.policy().arithmetic);
  FinalStates states{Matrix<float>(lanes, h.cols()), Matrix<float>(lanes, cells)};
  for (Index n = 0; n < lanes; ++n) {
    std::copy_n(h.row(n), h.cols(), states.h.row(lane[n]));
    for (Index j = 0; j < cells; ++j) {
      const std::int32_t state = c[n * step.c_stride + j];
      states.c(lane[n], j) = floats ? std::bit_cast<float>(state) : cell_value(state);
    }
  }
  return states;
}

std::vector<StepMode> DirectionRunner::modes(Index frames) const {
  std::vector<StepMode> modes(static_cast<std::size_t>(frames));
  const Settle settle;
  mode_.download(modes.data(), frames, stream_);
  stream_.synchronize();
  return modes;
}

RecurrentStep DirectionRunner::recurrent_step(const DirectionTask& task) const {
  RecurrentStep step = recurrence_.step(recurrence_of(task));
  step.pack = packing_.view();
  step.cursor = cursor_.data();
  step.wx = {wx_.data(), task.products.input.shape().sum_stride()};
  step.places = places_.there();
  step.output_stride = task.output.stride;
  step.output_aligned = starts_aligned(task.output.data, task.output.stride);
  if (task.layer.shows_x()) step.x_stride = task.x.stride;
  return step;
}

// Sets the state before the first step, and makes the operand of h = 0.
void DirectionRunner::start(const DirectionTask& task, RecurrentStep& step) {
  const LayerPolicy& policy = task.policy();
  const Index lanes = task.lanes.count;
  places_.upload({.output = task.output.data,
                  .x = task.x.data,
                  .input = task.input_totals,
                  .recurrent = task.recurrent_totals,
                  .selected = task.selected,
                  .at_pseudo = task.at_pseudo},
                 stream_);
  recurrence_.start(recurrence_of(task), stream_);
  launch_initial_state(policy, x_state_.data(), lanes * task.layer.product_inputs(), stream_);
  if (uses_selection(policy)) selection_.start(selection_of(task), step, stream_);
  if (has_pseudo(policy)) pseudo_.start(pseudo_of(task), step, stream_);
  if (!task.products.recurrent || has_pseudo(policy)) return;
  launch_set_cursor(cursor_.data(), {0, 0}, stream_);
  launch_recurrent_operand(policy, step, active_.front(), 0, stream_);
}

// Runs as many steps from `first` as fit into a chunk, at least one. Returns the step after the
// last.
Index DirectionRunner::run_chunk(const DirectionTask& task, const RecurrentStep& step,
                                 Index first) {
  Index end = first + 1;
  while (end < steps_ && offset_[end] + active_[end] - offset_[first] <= chunk_rows_) ++end;
  multiply_input(task, step, first, end);
  launch_set_cursor(cursor_.data(), {first, offset_[first]}, stream_);
  const auto blocks = [&](Index k) { return Product::padded(active_[k]) / Product::kRowBlock; };
  for (Index k = first; k < end;) {
    Index next = k + 1;
    while (next < end && blocks(next) == blocks(k)) ++next;
    run_steps(task, step, blocks(k), next - k);
    k = next;
  }
  return end;
}

// Makes the operand of x for the steps [first, end) and, unless the steps do so, W x.
void DirectionRunner::multiply_input(const DirectionTask& task, const RecurrentStep& step,
                                     Index first, Index end) {
  const RecurrentLayer& layer = task.layer;
  const Index first_row = offset_[first], rows = offset_[end - 1] + active_[end - 1] - first_row;
  const bool windowed = layer.form.window > 1;
  if (windowed)
    launch_windows(task.lanes, packing_.view(),
                   {.x = task.x,
                    .windows = windows_.view().leading(rows),
                    .first_row = first_row,
                    .window = layer.form.window,
                    .backward = task.direction == Direction::kBackward},
                   stream_);
  const OperandRows operand{x_operand_.data(), task.products.input.shape().operand_stride()};
  const InputOperand input{.x = windowed ? windows_.view() : task.x,
                           .operand = operand,
                           .state = keeps_elements(task.policy()) ? nullptr : x_state_.data(),
                           .rule = step.rule,
                           .totals = task.input_totals,
                           .first_step = first,
                           .end_step = end,
                           .lanes = active_[first],
                           .first_row = first_row,
                           .gathered = windowed};
  if (has_pseudo(task.policy())) {
    pseudo_.multiply_input(pseudo_of(task), packing_.view(), input, rows, stream_);
    return;
  }
  launch_packed_operand(task.policy(), packing_.view(), input, stream_);
  if (step.form == StepForm::kWhole) return;
  task.products.input(operand, rows, step.wx, stream_);
  if (uses_selection(task.policy()))
    selection_.multiply_input(selection_of(task), operand, rows, stream_);
}

// Runs `count` steps, whose active lanes fill `blocks` row blocks of the product.
void DirectionRunner::run_steps(const DirectionTask& task, const RecurrentStep& step, Index blocks,
                                Index count) {
  if (count > kLeastGraphs * kStepsPerGraph) {
    launch_steps(task, step, blocks, 1);  // loads the kernels, which a recording should not do
    --count;
    const Graph& recorded = graph(task, step, blocks);
    for (; count >= kStepsPerGraph; count -= kStepsPerGraph) recorded.launch(stream_);
  }
  launch_steps(task, step, blocks, count);
}

void DirectionRunner::launch_steps(const DirectionTask& task, const RecurrentStep& step,
                                   Index blocks, Index count) {
  const Index rows = blocks * Product::kRowBlock;
  const bool selected = uses_selection(task.policy()), pseudo = has_pseudo(task.policy());
  const StepFactors factors = factors_of(task);
  for (Index ahead = 0; ahead < count; ++ahead) {
    if (step.form == StepForm::kWhole) {
      launch_lstm_product(task.policy(), step, factors, rows, ahead, stream_);
      continue;
    }
    if (task.products.recurrent && !pseudo)
      (*task.products.recurrent)(step.operand, rows, step.uh, stream_);
    if (selected) selection_.launch(selection_of(task), step, rows, ahead, stream_);
    if (pseudo) pseudo_.launch(pseudo_of(task), step, rows, ahead, stream_);
    if (step.form == StepForm::kCells) {
      launch_lstm_step(task.policy(), step, rows, ahead, stream_);
      continue;
    }
    RecurrenceRunner::launch_cells(recurrence_of(task), step, rows, ahead, stream_);
    if (task.products.recurrent && !pseudo)
      launch_recurrent_operand(task.policy(), step, rows, ahead + 1, stream_);
  }
  if (count > 0) launch_advance_cursor(cursor_.data(), count, stream_);
}

const Graph& DirectionRunner::graph(const DirectionTask& task, const RecurrentStep& step,
                                    Index blocks) {
  const auto forget = [&] {
    stream_.synchronize();
    recorded_.clear();
    recorded_at_ = times_given_back();
  };
  if (recorded_at_ != times_given_back()) forget();
  const Product* input = &task.products.input;
  const std::size_t operand = task.policy().operand.index();
  const bool exact = std::holds_alternative<Exact>(task.policy().nonlinearity);
  const SelectionStep selection =
      uses_selection(task.policy()) ? selection_.step() : SelectionStep{};
  const PseudoStep pseudo = has_pseudo(task.policy()) ? pseudo_.step() : PseudoStep{};
  const StepFactors factors = factors_of(task);
  for (const Recorded& known : recorded_)
    if (known.input == input && known.second == task.second && known.operand == operand &&
        known.exact == exact && known.blocks == blocks && known.step == step &&
        known.selection == selection && known.pseudo == pseudo && known.factors == factors)
      return known.graph;
  if (recorded_.size() == kMostRecorded) forget();
  recorded_.push_back({step, selection, pseudo, factors, input, task.second, operand, exact, blocks,
                       Graph([&] { launch_steps(task, step, blocks, kStepsPerGraph); }, stream_)});
  return recorded_.back().graph;
}

}  // namespace edgeval::gpu
