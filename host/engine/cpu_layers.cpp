#include "host/engine/cpu_layers.hpp"

#include <algorithm>
#include <limits>
#include <numeric>
#include <optional>

#include "host/core/error.hpp"
#include "host/core/parallel.hpp"
#include "host/engine/counting.hpp"
#include "host/engine/sequence/direction.hpp"
#include "host/engine/sequence/linear.hpp"

namespace edgeval {
namespace {

// The most lanes that one thread runs side by side. These are enough rows for fast products, and
// few enough to stay in the thread's cache.
constexpr Index kMostLanesPerBlock = 64;

using LayerRuns = std::span<LayerRun>;

// Returns the number of lanes in a block, small enough that every thread has a block.
Index lanes_per_block(Index lanes, std::size_t directions, int threads) {
  const Index share = (lanes * static_cast<Index>(directions) + threads - 1) / threads;
  return std::clamp(padded_rows(share), kRowBlock, kMostLanesPerBlock);
}

// Throws Error when an output is infinite or not a number, since later decisions would then mean
// nothing.
void expect_finite(const Ragged<float>& output, const Model& model, const Layer& layer) {
  const float largest = std::numeric_limits<float>::max();
  Index wild = 0;
  for (float value : output.values.values())
    wild += absolute(value) <= largest ? 0 : 1;  // NaN counts too
  EDGEVAL_EXPECTS(
      wild == 0, model.path, ": layer ", layer_name(layer), ": ", wild,
      " of its outputs are infinite or no number; its weights or inputs are too large for fp32");
}

// Gives each run room for its results.
void make_room(const Layer& layer, LayerRuns runs) {
  for (LayerRun& run : runs) {
    run.output = Ragged<float>(run.input.lengths(), layer_outputs(layer));
    for (const LayerShape& shape : layer_shapes(layer, run.policy))
      run.activity.emplace_back(static_cast<std::size_t>(run.input.sequences()),
                                LayerActivity{shape, {}});
  }
}

// Makes the plans of the runs. Neighbours with the same input share the similarities of its frames.
void make_plans(const RecurrentLayer& layer, LayerRuns runs, int threads) {
  const Ragged<float>* input = nullptr;
  std::optional<LanePlanner> planner;
  for (LayerRun& run : runs) {
    if (std::exchange(input, &run.input) != &run.input)
      planner.emplace(run.input, layer.directions, threads);
    run.plans = planner->plan(run.policy.plan);
  }
}

// Returns the lanes of all runs in direction d.
std::vector<DirectionLane> lanes_of(const RecurrentLayer& layer, LayerRuns runs, std::size_t d) {
  std::vector<DirectionLane> lanes;
  const Index first_column = static_cast<Index>(d) * layer.width();
  for (LayerRun& run : runs)
    for (Index n = 0; n < run.output.sequences(); ++n) {
      const MatrixView<float> all = run.output.sequence(n);
      const auto lane = static_cast<std::size_t>(n);
      FinalStates* last = run.final_states.empty() ? nullptr : &run.final_states[d];
      lanes.push_back({.input = run.input.sequence(n),
                       .output = {all.data + first_column, all.rows, layer.width(), all.stride},
                       .plan = run.plans[d][lane],
                       .operand = run.policy.operand,
                       .activity = run.activity[d][lane],
                       .last_h = last == nullptr ? nullptr : last->h.row(n),
                       .last_c = last == nullptr ? nullptr : last->c.row(n)});
    }
  return lanes;
}

template <class LayerArithmetic>
struct Task {
  DirectionTask direction;
  const LayerArithmetic& arithmetic;
};

template <class LayerArithmetic>
void run_longest_first(const std::vector<Task<LayerArithmetic>>& tasks, int threads) {
  std::vector<Index> live_steps;
  for (const Task<LayerArithmetic>& task : tasks) {
    Index& sum = live_steps.emplace_back();
    for (const DirectionLane& lane : task.direction.lanes) sum += lane.plan.running();
  }
  std::vector<std::size_t> order(tasks.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::stable_sort(order, std::ranges::greater{},
                           [&](std::size_t task) { return live_steps[task]; });
  parallel_for(std::ssize(tasks), threads, [&](Index i) {
    const auto& [direction, arithmetic] = tasks[order[static_cast<std::size_t>(i)]];
    run_direction(direction, arithmetic);
  });
}

struct Recurrent {
  const RecurrentLayer& layer;
  LayerRuns runs;
  const std::vector<SecondProducts>* second;  // of each direction; null where there are none
  int threads;
  std::int64_t chunk_bytes;
};

template <class LayerArithmetic>
void run_recurrent(const Recurrent& at, const std::vector<LayerArithmetic>& arithmetics) {
  const LayerPolicy& policy = at.runs.front().policy;
  const std::optional<PiecewiseTables> tables = piecewise_tables(policy.nonlinearity);
  const PiecewiseFunctions functions = tables ? tables->functions() : PiecewiseFunctions{};
  std::vector<Task<LayerArithmetic>> tasks;
  const std::size_t directions = at.layer.directions.size();
  for (std::size_t d = 0; d < directions; ++d) {
    const std::vector<DirectionLane> lanes = lanes_of(at.layer, at.runs, d);
    std::vector<Index> running;
    for (const DirectionLane& lane : lanes) running.push_back(lane.plan.running());
    const Index largest = lanes_per_block(std::ssize(lanes), directions, at.threads);
    for (const std::vector<Index>& block : lane_blocks(running, largest)) {
      tasks.push_back({{.layer = at.layer,
                        .direction = at.layer.directions[d],
                        .lanes = {},
                        .chunk_bytes = at.chunk_bytes,
                        .pseudo = pseudo_skip(policy),
                        .second = at.second == nullptr ? nullptr : &(*at.second)[d],
                        .functions = tables ? &functions : nullptr},
                       arithmetics[d]});
      for (const Index lane : block)
        tasks.back().direction.lanes.push_back(lanes[static_cast<std::size_t>(lane)]);
    }
  }
  run_longest_first(tasks, at.threads);
  for (LayerRun& run : at.runs)
    for (std::size_t d = 0; d < directions; ++d)
      for (std::size_t n = 0; n < run.plans[d].size(); ++n)
        complete_lane(run.activity[d][n], run.policy, std::ssize(run.plans[d][n].modes),
                      run.plans[d][n].running());
}

struct Work {
  PackedLayer& packed;
  LayerRuns runs;
  bool final_states;
  int threads;
  std::int64_t chunk_bytes;
};

void run_layer(const RecurrentLayer& layer, const Work& work) {
  make_plans(layer, work.runs, work.threads);
  if (work.final_states)
    for (LayerRun& run : work.runs)
      for (std::size_t d = 0; d < layer.directions.size(); ++d)
        run.final_states.push_back({Matrix<float>(run.input.sequences(), layer.width()),
                                    Matrix<float>(run.input.sequences(), layer.cells)});
  const LayerPolicy& policy = work.runs.front().policy;
  const std::optional<WeightForm> form = second_form(policy);
  const Recurrent at{layer, work.runs, form ? &work.packed.in_form(*form) : nullptr, work.threads,
                     work.chunk_bytes};
  if (const DynamicPrecision* operand = eight_bits_of_floats(policy))
    return run_recurrent(at, work.packed.arithmetics(*operand));
  std::visit([&](const auto& choice) { run_recurrent(at, work.packed.arithmetics(choice)); },
             policy.arithmetic);
}

template <class LayerArithmetic>
void run_linear_lanes(const LinearLayer& layer, const Work& work,
                      const std::vector<LayerArithmetic>& arithmetics) {
  for (LayerRun& run : work.runs)
    parallel_for(run.input.sequences(), work.threads, [&](Index n) {
      LayerActivity& activity = run.activity[0][static_cast<std::size_t>(n)];
      run_linear({layer, run.input.sequence(n), run.output.sequence(n), activity}, arithmetics[0],
                 run.policy.operand);
      complete_lane(activity, run.policy, run.input.length(n), run.input.length(n));
    });
}

void run_layer(const LinearLayer& layer, const Work& work) {
  std::visit(
      [&](const auto& choice) { run_linear_lanes(layer, work, work.packed.arithmetics(choice)); },
      work.runs.front().policy.arithmetic);
}

}  // namespace

CpuLayers::CpuLayers(std::shared_ptr<const Model> model, const EngineOptions& options)
    : model_(std::move(model)),
      options_(options),
      threads_(options.threads > 0 ? options.threads : hardware_threads()) {
  const auto route =
      options.byte_instructions ? ByteProduct::Route::kBest : ByteProduct::Route::kFloats;
  for (const Layer& layer : model_->stack())
    packed_.emplace_back(std::shared_ptr<const Layer>(model_, &layer), route);
}

void CpuLayers::run(std::size_t layer, std::span<LayerRun> runs, bool final_states) {
  const Layer& of_model = model_->layers[layer];
  make_room(of_model, runs);
  const Work work{packed_[layer], runs, final_states, threads_, options_.chunk_bytes};
  std::visit([&](const auto& l) { run_layer(l, work); }, of_model);
  for (const LayerRun& run : runs) expect_finite(run.output, *model_, of_model);
}

}  // namespace edgeval
