#include "cuda/stage_runner.hpp"

#include <algorithm>

#include "cuda/device/instructions.hpp"
#include "cuda/kernel/unpack.hpp"
#include "host/core/error.hpp"

namespace edgeval::gpu {

StageRunner::Workspace::Workspace(Index chunk_bytes, Index tree_bytes, StepForm most,
                                  std::size_t count)
    : layers(count),
      levels(count),
      runners{DirectionRunner(chunk_bytes, most), DirectionRunner(chunk_bytes, most)},
      linear(chunk_bytes),
      searcher(tree_bytes) {}

// A chunk takes a sixteenth of what is free for each direction: the activations of a large batch
// need the rest. Those of several points side by side may take a quarter, and the trees of CTC's
// prefix searches an eighth.
StageRunner::StageRunner(std::shared_ptr<const Model> model, int threads, Index chunk_bytes,
                         StepForm most)
    : model_(std::move(model)),
      copies_(threads),
      weights_(device_layers(model_, model_->stack())),
      chunk_bytes_(chunk_bytes > 0 ? chunk_bytes : std::min(free_bytes() / 16, Index{1} << 30)),
      side_by_side_bytes_(free_bytes() / 4),
      tree_bytes_(free_bytes() / 8),
      most_(most) {
  if (most_ == StepForm::kWhole) expect_instructions(stream_);
}

// Returns the products of each direction, or those of a linear layer.
const std::vector<DeviceProducts>& StageRunner::weights(Index layer, const LayerPolicy& policy) {
  if (eight_bits_of_floats(policy))
    return weights_[layer].in_form(WeightForm::kAlpha8Bits, cublas_, stream_);
  return weights_[layer].get(policy.arithmetic, cublas_, stream_);
}

// Returns the second products of each direction; null where there are none.
const std::vector<DeviceProducts>* StageRunner::second_weights(Index layer,
                                                               const LayerPolicy& policy) {
  const std::optional<WeightForm> form = second_form(policy);
  return form ? &weights_[layer].in_form(*form, cublas_, stream_) : nullptr;
}

void StageRunner::reserve(const Part& part) {
  if (!workspace_) workspace_.emplace(chunk_bytes_, tree_bytes_, most_, model_->stack().size());
  Workspace& space = *workspace_;
  const Index points = part.schedule.side_by_side;
  space.lanes.upload(part.offsets(), stream_, points);
  const Lanes all = space.lanes.lanes(points);
  if (points > 1) space.input_begin.reserve_discarding(all.count, stream_);
  for (const Stage& stage : part.schedule.stages)
    std::visit([&](const auto& layer) { reserve(stage, layer); }, layer_of(stage));
  if (std::ssize(space.slots) < part.schedule.slots)
    space.slots.resize(static_cast<std::size_t>(part.schedule.slots));
  for (Index slot = 0; slot < part.schedule.slots; ++slot)
    space.slots[slot].resize_discarding(rows_of(points), widest(), stream_);
  if (part.call.wanted.best) space.best.reserve_discarding(all.frames, stream_);
  reserve_search(part);
  if (all.count > 1) expect_margin();
}

// Takes the memory of the search with the widest beam of the part's points, if any has one.
void StageRunner::reserve_search(const Part& part) {
  int widest = 0;
  for (const Stage& stage : part.schedule.stages)
    for (const Shoot& shoot : stage.shoots)
      for (const Index point : shoot.points)
        if (const auto& beam = part.call.points[static_cast<std::size_t>(point)].beam)
          widest = std::max(widest, widest_of(*beam));
  if (widest > 0) workspace_->searcher.reserve(part.offsets(), model_->outputs(), widest, stream_);
}

// Returns the width of the rows of a slot.
Index StageRunner::widest() const {
  Index widest = model_->inputs();
  for (const Layer& layer : model_->stack()) widest = std::max(widest, layer_outputs(layer));
  return widest;
}

Index StageRunner::bytes_of_frame() const {
  const Index slots = std::ssize(model_->stack()) + 2;
  return slots * DeviceMatrix<float>::padded_cols(widest()) * Index{sizeof(float)};
}

// Returns the rows of a slot for so many points side by side.
Index StageRunner::rows_of(Index points) const {
  return Product::padded(workspace_->lanes.lanes().frames * points);
}

// Returns the lanes of a stage, those of one shoot after the other.
Lanes StageRunner::lanes_of(const Stage& stage) const {
  Lanes lanes = workspace_->lanes.lanes(std::ssize(stage.shoots));
  if (!stage.keeps_places()) lanes.input = workspace_->input_begin.data();
  return lanes;
}

// Uploads where the lanes of a stage begin in its input, if they lie elsewhere than in its output.
void StageRunner::upload_places(const Part& part, const Stage& stage) {
  if (stage.keeps_places()) return;
  const std::vector<Index> offsets = part.offsets();
  std::vector<Index> begin;
  for (const Shoot& shoot : stage.shoots)
    for (Index lane = 0; lane < part.count; ++lane)
      begin.push_back(shoot.from * offsets.back() + offsets[lane]);
  workspace_->input_begin.upload(begin, stream_);
}

void StageRunner::reserve(const Stage& stage, const RecurrentLayer& layer) {
  for (std::size_t d = 0; d < layer.directions.size(); ++d)
    workspace_->runners[d].reserve(direction_task(stage, layer, d));
  LayerMemory& own = memory(stage.layer);
  own.totals.reserve_discarding(std::ssize(layer.directions) * kTotals * lanes_of(stage).count,
                                stream_);
  if (!std::holds_alternative<SimilaritySkip>(stage.policies.front()->plan)) return;
  const Index frames = workspace_->lanes.lanes(stage.branches).frames;
  workspace_->q.resize_discarding(frames, layer.inputs, stream_);
  own.similarity.reserve_discarding(frames, stream_);
}

void StageRunner::reserve(const Stage& stage, const LinearLayer& layer) {
  workspace_->linear.reserve(linear_task(stage, layer), stream_);
  memory(stage.layer).totals.reserve_discarding(kTotals * lanes_of(stage).count, stream_);
}

void StageRunner::upload_features(const Part& part) {
  Workspace& space = *workspace_;
  DeviceMatrix<float>& to = space.slots.front();
  to.resize_discarding(rows_of(1), model_->inputs(), stream_);
  copies_.upload(part.frames(), to.view(), stream_);
  space.turns = 0;
  for (LayerMemory& layer : space.layers) layer.input_turn = -1;
}

void StageRunner::run(Part& part, const Stage& stage) {
  Workspace& space = *workspace_;
  const Index directions = std::ssize(layer_shapes(layer_of(stage)));
  const Index points = std::ssize(stage.shoots), lanes = points * part.count;
  level(stage.layer) = {.stage = &stage, .turn = ++space.turns};
  level(stage.layer).counted.lanes = lanes;
  memory(stage.layer).totals.zero(directions * kTotals * lanes, stream_);
  space.slots[stage.output].resize_discarding(rows_of(points), layer_outputs(layer_of(stage)),
                                              stream_);
  upload_places(part, stage);
  std::visit([&](const auto& layer) { run_layer(layer, part, stage); }, layer_of(stage));
  if (part.call.observer != nullptr) observe_layer(part, stage);
}

// Returns the task of one direction, without its data.
DirectionTask StageRunner::direction_task(const Stage& stage, const RecurrentLayer& layer,
                                          std::size_t d) {
  const LayerPolicy& policy = *stage.policies.front();
  const std::vector<DeviceProducts>* second = second_weights(stage.layer, policy);
  return {.layer = layer,
          .products = weights(stage.layer, policy)[d],
          .second = second == nullptr ? nullptr : &(*second)[d],
          .direction = layer.directions[d],
          .policies = stage.policies,
          .lanes = lanes_of(stage)};
}

LinearTask StageRunner::linear_task(const Stage& stage, const LinearLayer& layer) {
  return {.layer = layer,
          .products = weights(stage.layer, *stage.policies.front()).front(),
          .policies = stage.policies,
          .lanes = lanes_of(stage)};
}

// Returns the frames that enter the stage.
DeviceView<float> StageRunner::input_of(const Stage& stage) const {
  return workspace_->slots[stage.input].view().leading(
      workspace_->lanes.lanes(stage.branches).frames);
}

// Returns how alike the frames of the stage's input are. Stages with the same input and the same
// parameters of the score share them.
const FrameSimilarity* StageRunner::similarities(const Stage& stage, const SimilaritySkip& skip) {
  LayerMemory& own = memory(stage.layer);
  const SimilaritySkip::Rule rule = skip.rule();
  const Index input_turn = stage.layer == 0 ? 0 : level(stage.layer - 1).turn;
  const bool known =
      own.input_turn == input_turn && own.scale == rule.scale && own.shift == rule.shift;
  if (!known) {
    const DeviceView<float> x = input_of(stage);
    workspace_->q.resize_discarding(x.rows, x.cols, stream_);
    launch_similarity(rule, workspace_->lanes.lanes(stage.branches), x, workspace_->q.view(),
                      own.similarity.data(), stream_);
    own.input_turn = input_turn;
    own.scale = rule.scale;
    own.shift = rule.shift;
  }
  return own.similarity.data();
}

void StageRunner::run_layer(const RecurrentLayer& layer, Part& part, const Stage& stage) {
  Workspace& space = *workspace_;
  const auto* skip = std::get_if<SimilaritySkip>(&stage.policies.front()->plan);
  const FrameSimilarity* similarity = skip == nullptr ? nullptr : similarities(stage, *skip);
  std::vector<DirectionTask> tasks;
  for (std::size_t d = 0; d < layer.directions.size(); ++d) {
    const auto direction = static_cast<Index>(d);
    DirectionTask& task = tasks.emplace_back(direction_task(stage, layer, d));
    task.x = input_of(stage);
    task.similarity = similarity;
    task.output =
        space.slots[stage.output].view().columns(direction * layer.width(), layer.width());
    task.input_totals = totals(stage.layer, direction, 0);
    task.recurrent_totals = totals(stage.layer, direction, 2);
    const OperandTotals selected = totals(stage.layer, direction, kSelected);
    task.selected = selected.changed;
    task.at_pseudo = selected.zero;
  }
  for (std::size_t d = 0; d < tasks.size(); ++d) {
    ready_.order(stream_, space.runners[d].stream());
    space.runners[d].plan(tasks[d]);
  }
  for (std::size_t d = 0; d < tasks.size(); ++d) space.runners[d].run(tasks[d]);
  Level& left = level(stage.layer);
  for (std::size_t d = 0; d < tasks.size(); ++d) {
    ready_.order(space.runners[d].stream(), stream_);
    left.counted.running.push_back(space.runners[d].running());
    if (part.call.wanted.final_states)
      left.final_states.push_back(space.runners[d].final_states(tasks[d]));
    if (part.call.observer != nullptr)
      observe_plan(part, stage, layer.directions[d], space.runners[d]);
  }
}

void StageRunner::run_layer(const LinearLayer& layer, Part&, const Stage& stage) {
  Workspace& space = *workspace_;
  LinearTask task = linear_task(stage, layer);
  task.x = input_of(stage);
  task.output = space.slots[stage.output].view();
  task.totals = totals(stage.layer, 0, 0);
  space.linear.run(task, stream_);
}

// Returns the totals of one direction from one on.
OperandTotals StageRunner::totals(Index layer, Index direction, Index first) {
  const Index lanes = level(layer).counted.lanes;
  unsigned long long* changed = memory(layer).totals.data() + (direction * kTotals + first) * lanes;
  return {changed, changed + lanes};
}

// Brings the counts of all layers from the device that are not here yet.
void StageRunner::fetch_totals() {
  const Settle settle;
  for (Index layer = 0; layer < std::ssize(workspace_->levels); ++layer) {
    Level& left = level(layer);
    if (std::exchange(left.has_totals, true)) continue;
    std::vector<unsigned long long>& totals = left.counted.totals;
    totals.resize(static_cast<std::size_t>(std::ssize(layer_shapes(model_->layers[layer])) *
                                           kTotals * left.counted.lanes));
    memory(layer).totals.download(totals.data(), std::ssize(totals), stream_);
  }
  stream_.synchronize();
}

BatchResult StageRunner::result(const Part& part, const Stage& stage, Index s, Index point,
                                Ragged<float>&& outputs) {
  Workspace& space = *workspace_;
  const std::size_t layers = model_->stack().size();
  const Index frames = space.lanes.lanes().frames;
  const DeviceView<float> all = space.slots[stage.output].view();
  const DeviceView<float> rows = all.slice(s * frames, frames);
  BatchResult result;
  if (part.call.wanted.best) {
    result.best = Ragged<std::int32_t>(part.lengths(), 1);
    const Settle settle;
    if (s == 0)
      launch_greatest(all.leading(std::ssize(stage.shoots) * frames), space.best.data(), stream_);
    space.best.download(result.best.values.data(), s * frames, frames, stream_);
    stream_.synchronize();
  }
  const OperatingPoint& chosen = part.call.points[static_cast<std::size_t>(point)];
  if (chosen.beam)
    result.searches = space.searcher.search(*chosen.beam, model_->blank, rows, part.offsets(),
                                            space.lanes.lanes().begin, stream_);
  if (part.call.wanted.outputs) {
    download_outputs(rows, stage, outputs);
    result.outputs = std::move(outputs);
  }
  fetch_totals();
  // The shoots that lead to this one, the last layer's first.
  std::vector<LanesOfLayer> of_layers;
  if (part.call.wanted.final_states) result.final_states.resize(layers);
  Index shoot = s;
  for (std::size_t layer = layers; layer-- > 0;) {
    const Level& left = level(static_cast<Index>(layer));
    const Index first = shoot * part.count;
    of_layers.push_back({&left.counted, first});
    for (const FinalStates& all : left.final_states) {
      FinalStates& own = result.final_states[layer].emplace_back(FinalStates{
          Matrix<float>(part.count, all.h.cols()), Matrix<float>(part.count, all.c.cols())});
      std::copy_n(all.h.row(first), own.h.size(), own.h.data());
      std::copy_n(all.c.row(first), own.c.size(), own.c.data());
    }
    shoot = left.stage->shoots[static_cast<std::size_t>(shoot)].from;
  }
  std::ranges::reverse(of_layers);
  result.activity = lane_activities(*model_, chosen, of_layers, part.lengths());
  return result;
}

// Downloads rows of the last layer.
void StageRunner::download_outputs(const DeviceView<float>& rows, const Stage& stage,
                                   Ragged<float>& outputs) {
  EDGEVAL_ASSERT(rows.cols == model_->outputs());
  const float* contiguous = rows.data;
  if (rows.stride != rows.cols) {
    float* const spare = workspace_->slots[stage.spare].view().data;
    launch_remove_padding(rows, spare, stream_);
    contiguous = spare;
  }
  stream_.synchronize();  // one thread waits, not all that copy
  copies_.download(contiguous, outputs.values.data(), rows.rows * rows.cols, stream_);
}

void StageRunner::observe_plan(Part& part, const Stage& stage, Direction direction,
                               const DirectionRunner& runner) const {
  part.observed = true;
  const LayerPolicy& policy = *stage.policies.front();
  const std::vector<Index> offsets = part.offsets();
  std::vector<StepMode> modes(static_cast<std::size_t>(offsets.back()), StepMode::kRun);
  if (std::holds_alternative<SimilaritySkip>(policy.plan)) modes = runner.modes(offsets.back());
  for (Index lane = 0; lane < part.count; ++lane)
    part.call.observer->on_plan(stage.layer, direction, part.first + lane,
                                std::span(modes).subspan(offsets[lane], part.length(lane)));
}

void StageRunner::observe_layer(Part& part, const Stage& stage) const {
  const std::vector<Index> lengths = part.lengths();
  Ragged<float> input(lengths, layer_inputs(layer_of(stage)));
  Ragged<float> output(lengths, layer_outputs(layer_of(stage)));
  const Settle settle;
  download(workspace_->slots[stage.input].view(), input.values.view(), stream_);
  download(workspace_->slots[stage.output].view(), output.values.view(), stream_);
  stream_.synchronize();
  part.observed = true;
  part.call.observer->on_layer(stage.layer, input, output);
}

}  // namespace edgeval::gpu
