// The GPU engine. It runs layer by layer over as many lanes as the memory holds, both directions of
// a layer side by side on streams of their own. The CPU engine (host/engine/cpu_engine.cpp) is the
// definition: plans, counts and the order of additions outside the products are the same, and the
// fp32 products agree within rounding (docs/gpu.md).
#include "cuda/engine.hpp"

#include <array>
#include <future>
#include <limits>
#include <optional>

#include "cuda/device/bulk.hpp"
#include "cuda/device/device.hpp"
#include "cuda/kernel/unpack.hpp"
#include "cuda/lane_activity.hpp"
#include "cuda/sequence/direction_runner.hpp"
#include "cuda/sequence/linear_runner.hpp"
#include "host/core/error.hpp"
#include "host/core/parallel.hpp"

namespace edgeval::gpu {
namespace {

// All memory that grows with a batch. It is released as a whole when the device has no more.
struct Workspace {
  explicit Workspace(Index chunk_bytes)
      : runners{DirectionRunner(chunk_bytes), DirectionRunner(chunk_bytes)}, linear(chunk_bytes) {}

  LaneTable lanes;
  DeviceMatrix<float> input, output;  // of the current layer, [padded frames, width]
  DeviceMatrix<std::int16_t> q;       // of plans that score
  DeviceBuffer<FrameSimilarity> similarity;
  DeviceBuffer<unsigned long long> totals;  // [shapes, kTotals, N]
  DeviceBuffer<std::int32_t> best;          // [frames]
  std::array<DirectionRunner, 2> runners;
  LinearRunner linear;
};

// Does the engine's work while its device is current.
class LayersOnDevice {
 public:
  // A chunk takes a sixteenth of what is free for each direction: the activations of a large batch
  // need the rest.
  LayersOnDevice(std::shared_ptr<const Model> model, const EngineOptions& options, std::string name)
      : model_(std::move(model)),
        name_(std::move(name)),
        threads_(options.threads > 0 ? options.threads : hardware_threads()),
        copies_(threads_),
        weights_(device_layers(model_, model_->stack())),
        chunk_bytes_(options.gpu_chunk_bytes > 0 ? options.gpu_chunk_bytes
                                                 : std::min(free_bytes() / 16, Index{1} << 30)) {}

  // Runs as many lanes at once as fit into the memory, mostly all of them; an observer sees a layer
  // once for each such part. When the memory turns out too short half-way, the part starts over
  // with half the lanes. If an observer has seen some of it by then, the shortage is thrown to the
  // caller instead, as on the CPU.
  void run(const PreparedBatch& batch, std::span<const OperatingPoint> points, const Wanted& wanted,
           ResultSink& sink, LayerObserver* observer) {
    for (const OperatingPoint& point : points) check_point(*model_, point);
    for (std::size_t p = 0; p < points.size(); ++p)
      run_point({batch.features(), points[p], wanted, observer},
                [&, number = static_cast<Index>(p)](Index first, BatchResult&& part) {
                  sink.receive({&number, 1}, first, std::move(part));
                });
  }

 private:
  struct Work {
    const Ragged<float>& features;
    const OperatingPoint& point;
    const Wanted& wanted;
    LayerObserver* observer;
  };

  // Lanes [first, first + count) of a batch on their way through the layers.
  struct Part : Work {
    Index first, count;
    BatchResult result = {};
    std::vector<std::vector<std::int32_t>> running =
        {};                 // by shape, then lane; empty where every frame runs
    bool observed = false;  // whether the observer was shown something of it
    Index length(Index lane) const { return features.length(first + lane); }
    Index first_frame() const { return features.offsets[first]; }
    std::vector<Index> lengths() const {
      std::vector<Index> all;
      for (Index lane = 0; lane < count; ++lane) all.push_back(length(lane));
      return all;
    }
  };

  template <class Deliver>
  void run_point(const Work& work, const Deliver& deliver) {
    const Index lanes = work.features.sequences();
    if (lanes == 0) {
      BatchResult nothing;
      nothing.outputs = Ragged<float>({}, model_->outputs());
      return deliver(Index{0}, std::move(nothing));
    }
    for (Index first = 0; first < lanes;) {
      Part part{work, first, std::min(most_lanes_, lanes - first)};
      try {
        run_part(part);
      } catch (const OutOfMemory&) {
        workspace_.reset();
        EDGEVAL_EXPECTS(part.count > 1, "an utterance of ", part.length(0),
                        " frames does not fit into the memory of ", name_, "; use --device cpu");
        most_lanes_ = part.count / 2;
        if (part.observed) throw;
        continue;
      } catch (...) {
        workspace_.reset();
        throw;
      }
      deliver(first, std::move(part.result));
      first += part.count;
    }
  }

  // Returns the products of each direction, or those of a linear layer.
  const std::vector<DeviceProducts>& weights(Index layer, const LayerPolicy& policy) {
    if (eight_bits_of_floats(policy))
      return weights_[layer].in_form(WeightForm::kAlpha8Bits, cublas_, stream_);
    return weights_[layer].get(policy.arithmetic, cublas_, stream_);
  }
  // Returns the second products of each direction; null where there are none.
  const std::vector<DeviceProducts>* second_weights(Index layer, const LayerPolicy& policy) {
    const std::optional<WeightForm> form = second_form(policy);
    return form ? &weights_[layer].in_form(*form, cublas_, stream_) : nullptr;
  }

  // Takes all memory of the coming part and leaves a margin, so that as a rule nothing fails for
  // want of it half-way.
  void reserve(const Part& part) {
    if (!workspace_) workspace_.emplace(chunk_bytes_);
    Workspace& space = *workspace_;
    space.lanes.upload(offsets_of(part.features, part.first, part.count), stream_);
    const Lanes& lanes = space.lanes.lanes();
    const Index rows = Product::padded(lanes.frames);
    Index widest = model_->inputs(), shapes = 0;
    for (std::size_t i = 0; i < model_->stack().size(); ++i) {
      const Layer& layer = model_->layers[i];
      const LayerPolicy& policy = part.point.layers[i];
      widest = std::max(widest, layer_outputs(layer));
      shapes += static_cast<Index>(layer_shapes(layer).size());
      std::visit([&](const auto& l) { reserve(l, static_cast<Index>(i), policy); }, layer);
      if (std::holds_alternative<SimilaritySkip>(policy.plan)) {
        space.q.resize_discarding(lanes.frames, layer_inputs(layer), stream_);
        space.similarity.reserve_discarding(lanes.frames, stream_);
      }
    }
    space.input.resize_discarding(rows, widest, stream_);
    space.output.resize_discarding(rows, widest, stream_);
    if (part.wanted.best) space.best.reserve_discarding(lanes.frames, stream_);
    space.totals.reserve_discarding(shapes * kTotals * lanes.count, stream_);
    space.totals.zero(shapes * kTotals * lanes.count, stream_);
    if (part.count > 1) expect_margin();
  }
  void reserve(const RecurrentLayer& layer, Index index, const LayerPolicy& policy) {
    for (std::size_t d = 0; d < layer.directions.size(); ++d)
      workspace_->runners[d].reserve(direction_task(layer, index, d, policy));
  }
  void reserve(const LinearLayer& layer, Index index, const LayerPolicy& policy) {
    workspace_->linear.reserve(linear_task(layer, index, policy), stream_);
  }

  void run_part(Part& part) {
    // Fresh memory costs the host more than the copy into it: a thread, where one may be had,
    // prepares it while the device works.
    std::future<Ragged<float>> outputs;
    if (part.wanted.outputs)
      outputs = std::async(
          threads_ > 1 ? std::launch::async | std::launch::deferred : std::launch::deferred,
          [lengths = part.lengths(), cols = model_->outputs()] {
            return Ragged<float>(lengths, cols);
          });
    const Settle settle;
    reserve(part);
    Workspace& space = *workspace_;
    const Lanes& lanes = space.lanes.lanes();
    const Index rows = Product::padded(lanes.frames);
    space.input.resize_discarding(rows, model_->inputs(), stream_);
    const MatrixView<const float> features{part.features.values.row(part.first_frame()),
                                           lanes.frames, part.features.cols(),
                                           part.features.cols()};
    copies_.upload(features, space.input.view(), stream_);
    if (part.wanted.final_states) part.result.final_states.resize(model_->stack().size());
    for (std::size_t i = 0; i < model_->stack().size(); ++i) {
      space.output.resize_discarding(rows, layer_outputs(model_->layers[i]), stream_);
      std::visit([&](const auto& layer) { run_layer(layer, static_cast<Index>(i), part); },
                 model_->layers[i]);
      if (part.observer != nullptr) observe_layer(static_cast<Index>(i), part);
      std::swap(space.input, space.output);
    }
    if (part.wanted.best) download_best(part);
    if (part.wanted.outputs) download_outputs(outputs.get(), part);
    collect_activity(part);
  }

  // Downloads the outputs of the last layer, which are in space.input by now.
  void download_outputs(Ragged<float>&& outputs, Part& part) {
    Workspace& space = *workspace_;
    const DeviceView<float> rows = space.input.view().leading(space.lanes.lanes().frames);
    EDGEVAL_ASSERT(rows.cols == model_->outputs());
    const float* contiguous = rows.data;
    if (rows.stride != rows.cols) {
      contiguous = space.output.view().data;
      launch_remove_padding(rows, space.output.view().data, stream_);
    }
    stream_.synchronize();  // one thread waits, not all that copy
    copies_.download(contiguous, outputs.values.data(), rows.rows * rows.cols, stream_);
    part.result.outputs = std::move(outputs);
  }

  void download_best(Part& part) {
    Workspace& space = *workspace_;
    const DeviceView<float> rows = space.input.view().leading(space.lanes.lanes().frames);
    part.result.best = Ragged<std::int32_t>(part.lengths(), 1);
    const Settle settle;
    launch_greatest(rows, space.best.data(), stream_);
    space.best.download(part.result.best.values.data(), rows.rows, stream_);
    stream_.synchronize();
  }

  // Returns the task of one direction, without its data.
  DirectionTask direction_task(const RecurrentLayer& layer, Index index, std::size_t d,
                               const LayerPolicy& policy) {
    const std::vector<DeviceProducts>* second = second_weights(index, policy);
    return {.layer = layer,
            .products = weights(index, policy)[d],
            .second = second == nullptr ? nullptr : &(*second)[d],
            .direction = layer.directions[d],
            .policy = policy,
            .lanes = workspace_->lanes.lanes()};
  }

  LinearTask linear_task(const LinearLayer& layer, Index index, const LayerPolicy& policy) {
    return {.layer = layer,
            .products = weights(index, policy).front(),
            .policy = policy,
            .lanes = workspace_->lanes.lanes()};
  }

  void run_layer(const RecurrentLayer& layer, Index index, Part& part) {
    Workspace& space = *workspace_;
    const Lanes& lanes = space.lanes.lanes();
    const LayerPolicy& policy = part.point.layers[index];
    const DeviceView<float> x = space.input.view().leading(lanes.frames);
    if (const auto* skip = std::get_if<SimilaritySkip>(&policy.plan)) {
      space.q.resize_discarding(lanes.frames, layer.inputs, stream_);
      launch_similarity(skip->rule(), lanes, x, space.q.view(), space.similarity.data(), stream_);
    }
    std::vector<DirectionTask> tasks;
    for (std::size_t d = 0; d < layer.directions.size(); ++d) {
      const Index shape = static_cast<Index>(part.running.size() + d);
      DirectionTask& task = tasks.emplace_back(direction_task(layer, index, d, policy));
      task.x = x;
      task.similarity = space.similarity.data();
      task.output =
          space.output.view().columns(static_cast<Index>(d) * layer.width(), layer.width());
      task.input_totals = totals(shape, 0);
      task.recurrent_totals = totals(shape, 2);
      const OperandTotals selected = totals(shape, kSelected);
      task.selected = selected.changed;
      task.at_pseudo = selected.zero;
    }
    for (std::size_t d = 0; d < tasks.size(); ++d) {
      ready_.order(stream_, space.runners[d].stream());
      space.runners[d].plan(tasks[d]);
    }
    for (std::size_t d = 0; d < tasks.size(); ++d) space.runners[d].run(tasks[d]);
    for (std::size_t d = 0; d < tasks.size(); ++d) {
      ready_.order(space.runners[d].stream(), stream_);
      part.running.push_back(space.runners[d].running());
      if (part.wanted.final_states)
        part.result.final_states[index].push_back(space.runners[d].final_states(tasks[d]));
      if (part.observer != nullptr)
        observe_plan(index, layer.directions[d], space.runners[d], part);
    }
  }

  void run_layer(const LinearLayer& layer, Index index, Part& part) {
    Workspace& space = *workspace_;
    LinearTask task = linear_task(layer, index, part.point.layers[index]);
    task.x = space.input.view();
    task.output = space.output.view();
    task.totals = totals(static_cast<Index>(part.running.size()), 0);
    space.linear.run(task, stream_);
    part.running.emplace_back();
  }

  OperandTotals totals(Index shape, Index first) const {
    const Index lanes = workspace_->lanes.lanes().count;
    unsigned long long* changed = workspace_->totals.data() + (shape * kTotals + first) * lanes;
    return {changed, changed + lanes};
  }

  void collect_activity(Part& part) {
    const Index shapes = static_cast<Index>(part.running.size());
    std::vector<unsigned long long> totals(static_cast<std::size_t>(shapes * kTotals * part.count));
    const Settle settle;
    workspace_->totals.download(totals.data(), static_cast<Index>(totals.size()), stream_);
    stream_.synchronize();
    part.result.activity =
        lane_activities(*model_, part.point, totals, part.running, part.lengths());
  }

  void observe_plan(Index layer, Direction direction, const DirectionRunner& runner,
                    Part& part) const {
    part.observed = true;
    const bool skips = std::holds_alternative<SimilaritySkip>(part.point.layers[layer].plan);
    const std::vector<Index> offsets = offsets_of(part.features, part.first, part.count);
    std::vector<StepMode> modes(static_cast<std::size_t>(offsets.back()), StepMode::kRun);
    if (skips) modes = runner.modes(offsets.back());
    for (Index lane = 0; lane < part.count; ++lane)
      part.observer->on_plan(layer, direction, part.first + lane,
                             std::span(modes).subspan(offsets[lane], part.length(lane)));
  }

  void observe_layer(Index layer, Part& part) const {
    const std::vector<Index> lengths = part.lengths();
    Ragged<float> input(lengths, layer_inputs(model_->layers[layer]));
    Ragged<float> output(lengths, layer_outputs(model_->layers[layer]));
    const Settle settle;
    download(workspace_->input.view(), input.values.view(), stream_);
    download(workspace_->output.view(), output.values.view(), stream_);
    stream_.synchronize();
    part.observed = true;
    part.observer->on_layer(layer, input, output);
  }

  const std::shared_ptr<const Model> model_;
  const std::string name_;
  const int threads_;  // of the host, at most
  BulkCopies copies_;  // outlives the stream that reads and writes its memory
  Stream stream_;
  Event ready_;
  CublasLt cublas_;
  std::vector<DeviceLayer> weights_;  // of each layer
  const Index chunk_bytes_;
  Index most_lanes_ = std::numeric_limits<Index>::max();
  std::optional<Workspace> workspace_;
};

class GpuEngine final : public Engine {
 public:
  GpuEngine(std::shared_ptr<const Model> model, const EngineOptions& options, int number)
      : name_(device_name(number)), layers_(number, std::move(model), options, name_) {}

  std::string device() const override { return name_; }
  bool on_gpu() const override { return true; }

  using Engine::run;
  void run(PreparedBatch& batch, std::span<const OperatingPoint> points, const Wanted& wanted,
           ResultSink& sink, LayerObserver* observer) override {
    layers_.with(
        [&](LayersOnDevice& layers) { layers.run(batch, points, wanted, sink, observer); });
  }

 private:
  const std::string name_;
  OnDevice<LayersOnDevice> layers_;
};

}  // namespace

std::unique_ptr<Engine> make_engine(std::shared_ptr<const Model> model,
                                    const EngineOptions& options) {
  const int number = choose_device(options.gpu);
  try {
    return std::make_unique<GpuEngine>(std::move(model), options, number);
  } catch (const OutOfMemory&) {
    throw Error(concat("gpu:", number, " has no memory left; use --device cpu or another GPU"));
  }
}

}  // namespace edgeval::gpu
