// The CPU engine, which defines every result. It runs a batch layer by layer. A task is one
// direction of a layer for one block of lanes; tasks share nothing that they write, so the number
// of threads changes no result.
#include <algorithm>
#include <limits>
#include <numeric>
#include <optional>

#include "host/body/greatest.hpp"
#include "host/core/error.hpp"
#include "host/core/parallel.hpp"
#include "host/engine/counting.hpp"
#include "host/engine/engine.hpp"
#include "host/engine/sequence/direction.hpp"
#include "host/engine/sequence/linear.hpp"
#include "host/engine/sequence/packed_layer.hpp"

namespace edgeval {
namespace {

// The most lanes that one thread runs side by side. These are enough rows for fast products, and
// few enough to stay in the thread's cache.
constexpr Index kMostLanesPerBlock = 64;

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

// The activities of one layer and direction, by lane.
using LaneActivities = std::vector<LayerActivity>;

class CpuEngine final : public Engine {
 public:
  CpuEngine(std::shared_ptr<const Model> model, const EngineOptions& options)
      : model_(std::move(model)),
        options_(options),
        threads_(options.threads > 0 ? options.threads : hardware_threads()) {
    const auto route =
        options.byte_instructions ? ByteProduct::Route::kBest : ByteProduct::Route::kFloats;
    for (const Layer& layer : model_->stack())
      packed_.emplace_back(std::shared_ptr<const Layer>(model_, &layer), route);
  }

  std::string device() const override {
    return concat("CPU, ", threads_, threads_ == 1 ? " thread" : " threads");
  }
  bool on_gpu() const override { return false; }

  using Engine::run;
  void run(PreparedBatch& batch, std::span<const OperatingPoint> points, const Wanted& wanted,
           ResultSink& sink, LayerObserver* observer) override {
    for (const OperatingPoint& point : points) check_point(*model_, point);
    for (std::size_t p = 0; p < points.size(); ++p)
      sink.receive(static_cast<Index>(p), 0, run_point(batch, points[p], wanted, observer));
  }

 private:
  struct LayerRun {
    Index index;
    const Ragged<float>& input;
    const LayerPolicy& policy;
    LayerObserver* observer;
    std::vector<Activity>& activity;         // by lane; each layer appends its own
    std::vector<FinalStates>* final_states;  // receives one for each direction; null: unwanted
  };

  BatchResult run_point(const PreparedBatch& batch, const OperatingPoint& point,
                        const Wanted& wanted, LayerObserver* observer) {
    const Ragged<float>& features = batch.features();
    BatchResult result;
    result.activity.resize(static_cast<std::size_t>(features.sequences()));
    if (wanted.final_states) result.final_states.resize(model_->stack().size());
    const Ragged<float>* input = &features;
    for (std::size_t i = 0; i < model_->stack().size(); ++i) {
      const LayerRun layer{
          static_cast<Index>(i), *input,
          point.layers[i],       observer,
          result.activity,       wanted.final_states ? &result.final_states[i] : nullptr};
      Ragged<float> output = std::visit(
          [&](const auto& l, const auto& arithmetic) { return run_layer(l, layer, arithmetic); },
          model_->layers[i], layer.policy.arithmetic);
      expect_finite(output, *model_, model_->layers[i]);
      if (observer != nullptr) observer->on_layer(layer.index, *input, output);
      result.outputs = std::move(output);
      input = &result.outputs;
    }
    if (wanted.best) result.best = best_of_frames(result.outputs);
    if (!wanted.outputs) result.outputs = {};
    return result;
  }

  static Ragged<std::int32_t> best_of_frames(const Ragged<float>& outputs) {
    Ragged<std::int32_t> best(outputs.lengths(), 1);
    for (Index t = 0; t < outputs.values.rows(); ++t)
      best.values(t, 0) = first_greatest(outputs.values.row(t), outputs.cols());
    return best;
  }

  template <class ArithmeticChoice>
  Ragged<float> run_layer(const LinearLayer& layer, const LayerRun& run,
                          const ArithmeticChoice& choice) {
    return run_linear_layer(layer, run,
                            packed_[static_cast<std::size_t>(run.index)].arithmetics(choice));
  }
  template <class ArithmeticChoice>
  Ragged<float> run_layer(const RecurrentLayer& layer, const LayerRun& run,
                          const ArithmeticChoice& choice) {
    const auto i = static_cast<std::size_t>(run.index);
    const std::optional<WeightForm> form = second_form(run.policy);
    const std::vector<SecondProducts>* second = form ? &packed_[i].in_form(*form) : nullptr;
    if (const DynamicPrecision* operand = eight_bits_of_floats(run.policy))
      return run_recurrent_layer(layer, run, packed_[i].arithmetics(*operand), second);
    return run_recurrent_layer(layer, run, packed_[i].arithmetics(choice), second);
  }

  // second: the second products of each direction; null where there are none.
  template <class LayerArithmetic>
  Ragged<float> run_recurrent_layer(const RecurrentLayer& layer, const LayerRun& run,
                                    const std::vector<LayerArithmetic>& arithmetics,
                                    const std::vector<SecondProducts>* second) const {
    Ragged<float> output(run.input.lengths(), layer.outputs());
    const std::size_t directions = layer.directions.size();
    const auto plans = plan_lanes(run.policy.plan, run.input, layer.directions, threads_);
    std::vector<std::vector<std::vector<Index>>> blocks(directions);
    std::vector<LaneActivities> activity = blank_activity(model_->layers[run.index], run);
    std::vector<Task<LayerArithmetic>> tasks;
    const std::optional<PiecewiseTables> tables = piecewise_tables(run.policy.nonlinearity);
    const PiecewiseFunctions functions = tables ? tables->functions() : PiecewiseFunctions{};
    if (run.final_states != nullptr)
      for (std::size_t d = 0; d < directions; ++d)
        run.final_states->push_back({Matrix<float>(run.input.sequences(), layer.width()),
                                     Matrix<float>(run.input.sequences(), layer.cells)});
    for (std::size_t d = 0; d < directions; ++d) {
      blocks[d] =
          lane_blocks(plans[d], lanes_per_block(run.input.sequences(), directions, threads_));
      for (const std::vector<Index>& lanes : blocks[d]) {
        tasks.push_back({{layer,
                          layer.directions[d],
                          run.input,
                          plans[d],
                          lanes,
                          output,
                          static_cast<Index>(d) * layer.width(),
                          options_.chunk_bytes,
                          pseudo_skip(run.policy),
                          second == nullptr ? nullptr : &(*second)[d],
                          {},
                          tables ? &functions : nullptr,
                          run.final_states == nullptr ? nullptr : &(*run.final_states)[d]},
                         arithmetics[d]});
        for (Index lane : lanes) tasks.back().direction.activity.push_back(&activity[d][lane]);
      }
    }
    run_longest_first(tasks, run.policy.operand);
    for (std::size_t d = 0; d < directions; ++d)
      for (Index n = 0; n < run.input.sequences(); ++n) {
        complete_lane(activity[d][n], run.policy, run.input.length(n), plans[d][n].running());
        run.activity[n].layers.push_back(std::move(activity[d][n]));
        if (run.observer != nullptr)
          run.observer->on_plan(run.index, layer.directions[d], n, plans[d][n].modes);
      }
    return output;
  }

  template <class LayerArithmetic>
  Ragged<float> run_linear_layer(const LinearLayer& layer, const LayerRun& run,
                                 const std::vector<LayerArithmetic>& arithmetics) const {
    Ragged<float> output(run.input.lengths(), layer.outputs());
    std::vector<LaneActivities> activity = blank_activity(model_->layers[run.index], run);
    parallel_for(run.input.sequences(), threads_, [&](Index n) {
      run_linear({layer, run.input.sequence(n), output.sequence(n), activity[0][n]}, arithmetics[0],
                 run.policy.operand);
    });
    for (Index n = 0; n < run.input.sequences(); ++n) {
      complete_lane(activity[0][n], run.policy, run.input.length(n), run.input.length(n));
      run.activity[n].layers.push_back(std::move(activity[0][n]));
    }
    return output;
  }

  static std::vector<LaneActivities> blank_activity(const Layer& layer, const LayerRun& run) {
    std::vector<LaneActivities> activity;
    for (const LayerShape& shape : layer_shapes(layer, run.policy))
      activity.emplace_back(static_cast<std::size_t>(run.input.sequences()),
                            LayerActivity{shape, {}});
    return activity;
  }

  template <class LayerArithmetic>
  struct Task {
    DirectionTask direction;
    const LayerArithmetic& arithmetic;
  };

  template <class LayerArithmetic>
  void run_longest_first(std::vector<Task<LayerArithmetic>>& tasks,
                         const OperandChoice& operand) const {
    const auto live_steps = [](const DirectionTask& task) {
      Index sum = 0;
      for (Index lane : task.lanes) sum += task.plans[lane].running();
      return sum;
    };
    std::vector<std::size_t> order(tasks.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
      return live_steps(tasks[a].direction) > live_steps(tasks[b].direction);
    });
    parallel_for(static_cast<Index>(tasks.size()), threads_, [&](Index i) {
      run_direction(tasks[order[i]].direction, tasks[order[i]].arithmetic, operand);
    });
  }

  const std::shared_ptr<const Model> model_;
  const EngineOptions options_;
  const int threads_;
  std::vector<PackedLayer> packed_;
};

}  // namespace

std::unique_ptr<Engine> make_cpu_engine(std::shared_ptr<const Model> model,
                                        const EngineOptions& options) {
  return std::make_unique<CpuEngine>(std::move(model), options);
}

}  // namespace edgeval
