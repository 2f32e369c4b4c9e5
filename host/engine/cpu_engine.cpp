// The CPU engine, the definition of every result: layer by layer over the batch, a task being one direction of a layer
// for one block of lanes. Tasks share nothing they write, so threads change no result.
#include <algorithm>
#include <numeric>

#include "host/core/error.hpp"
#include "host/core/parallel.hpp"
#include "host/engine/counting.hpp"
#include "host/engine/engine.hpp"
#include "host/engine/linear.hpp"
#include "host/engine/lstm_direction.hpp"

namespace edgeval {
namespace {

// Lanes that one thread runs side by side: enough rows to keep the products busy, few enough to stay in its cache.
constexpr Index kLanesPerBlock = 64;

using LaneActivities = std::vector<LayerActivity>;  // of one layer and direction, by lane

class CpuEngine final : public Engine {
 public:
  CpuEngine(const Model& model, const EngineOptions& options)
      : model_(model),
        options_(options),
        threads_(options.threads > 0 ? options.threads : hardware_threads()) {
    for (const Layer& layer : model.layers) std::visit([&](const auto& l) { pack_weights(l); }, layer);
  }

  std::string device() const override {
    return concat("CPU, ", threads_, threads_ == 1 ? " thread" : " threads");
  }
  bool on_gpu() const override { return false; }

  BatchResult run(const Ragged<float>& features, const OperatingPoint& point, LayerObserver* observer) override {
    check_point(model_, point);
    BatchResult result;
    result.activity.resize(static_cast<std::size_t>(features.sequences()));
    const Ragged<float>* input = &features;
    for (std::size_t i = 0; i < model_.layers.size(); ++i) {
      const LayerRun layer{static_cast<Index>(i), *input, point.layers[i], observer, result.activity};
      Ragged<float> output = std::visit([&](const auto& l) { return run_layer(l, layer); }, model_.layers[i]);
      if (observer != nullptr) observer->on_layer(layer.index, *input, output);
      result.outputs = std::move(output);
      input = &result.outputs;
    }
    return result;
  }

 private:
  struct PackedLayer {
    std::vector<LstmProducts> directions;  // of an LSTM layer
    std::vector<DenseProduct> linear;      // of a linear layer: one
  };

  struct LayerRun {
    Index index;
    const Ragged<float>& input;
    const LayerPolicy& policy;
    LayerObserver* observer;
    std::vector<Activity>& activity;  // by lane; each layer appends
  };

  void pack_weights(const LstmLayer& layer) {
    PackedLayer& packed = packed_.emplace_back();
    for (const LstmWeights& weights : layer.weights) packed.directions.emplace_back(weights);
  }
  void pack_weights(const LinearLayer& layer) { packed_.emplace_back().linear.emplace_back(layer.weight.view()); }

  Ragged<float> run_layer(const LstmLayer& layer, const LayerRun& run) const {
    Ragged<float> output(run.input.lengths(), layer.outputs());
    const PackedLayer& packed = packed_[run.index];
    const std::size_t directions = layer.directions.size();
    std::vector<std::vector<LanePlan>> plans(directions);
    std::vector<std::vector<std::vector<Index>>> blocks(directions);
    std::vector<LaneActivities> activity = blank_activity(layer, run.input.sequences());
    std::vector<LstmDirectionTask> tasks;
    for (std::size_t d = 0; d < directions; ++d) {
      plans[d] = plan_lanes(run.policy.plan, run.input, layer.directions[d], threads_);
      blocks[d] = lane_blocks(plans[d], kLanesPerBlock);
      for (const std::vector<Index>& lanes : blocks[d]) {
        LstmDirectionTask& task = tasks.emplace_back(LstmDirectionTask{
            packed.directions[d], layer.directions[d], run.input, plans[d], lanes, output,
            static_cast<Index>(d) * layer.cells, options_.chunk_bytes, {}});
        for (Index lane : lanes) task.activity.push_back(&activity[d][lane]);
      }
    }
    run_longest_first(tasks, run.policy.operand);
    for (std::size_t d = 0; d < directions; ++d)
      for (Index n = 0; n < run.input.sequences(); ++n) {
        complete_lane(activity[d][n], run.policy, run.input.length(n), plans[d][n].running());
        run.activity[n].layers.push_back(std::move(activity[d][n]));
        if (run.observer != nullptr) run.observer->on_plan(run.index, layer.directions[d], n, plans[d][n].modes);
      }
    return output;
  }

  Ragged<float> run_layer(const LinearLayer& layer, const LayerRun& run) const {
    Ragged<float> output(run.input.lengths(), layer.outputs());
    std::vector<LaneActivities> activity = blank_activity(layer, run.input.sequences());
    parallel_for(run.input.sequences(), threads_, [&](Index n) {
      run_linear({packed_[run.index].linear.front(), layer, run.input.sequence(n), output.sequence(n), activity[0][n]},
                 run.policy.operand);
    });
    for (Index n = 0; n < run.input.sequences(); ++n) {
      complete_lane(activity[0][n], run.policy, run.input.length(n), run.input.length(n));
      run.activity[n].layers.push_back(std::move(activity[0][n]));
    }
    return output;
  }

  static std::vector<LaneActivities> blank_activity(const auto& layer, Index lanes) {
    std::vector<LaneActivities> activity;
    for (const LayerShape& shape : layer_shapes(layer))
      activity.emplace_back(static_cast<std::size_t>(lanes), LayerActivity{.shape = shape});
    return activity;
  }

  void run_longest_first(std::vector<LstmDirectionTask>& tasks, const OperandChoice& operand) const {
    const auto live_steps = [](const LstmDirectionTask& task) {
      Index sum = 0;
      for (Index lane : task.lanes) sum += task.plans[lane].running();
      return sum;
    };
    std::vector<std::size_t> order(tasks.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::stable_sort(order.begin(), order.end(),
                     [&](std::size_t a, std::size_t b) { return live_steps(tasks[a]) > live_steps(tasks[b]); });
    parallel_for(static_cast<Index>(tasks.size()), threads_,
                 [&](Index i) { run_lstm_direction(tasks[order[i]], operand); });
  }

  const Model& model_;
  const EngineOptions options_;
  const int threads_;
  std::vector<PackedLayer> packed_;
};

}  // namespace

std::unique_ptr<Engine> make_cpu_engine(const Model& model, const EngineOptions& options) {
  return std::make_unique<CpuEngine>(model, options);
}

}  // namespace edgeval
