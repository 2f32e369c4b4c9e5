// The GPU engine: layer by layer over as many lanes as the memory holds, both directions of a layer
// side by side on streams of their own. The CPU engine (host/engine/cpu_engine.cpp) is the
// definition; plans, counts and the order of additions outside the products are the same bits, the
// fp32 products agree within rounding (docs/gpu.md).
#include "cuda/engine.hpp"

#include <array>
#include <limits>
#include <optional>

#include "cuda/lstm.hpp"
#include "cuda/unpack.hpp"
#include "host/core/error.hpp"
#include "host/engine/counting.hpp"

namespace edgeval::gpu {
namespace {

constexpr Index kTypicalFrames = 8192;  // rows of a linear layer's product
constexpr int kLeastCapability = 8;     // the oldest architecture the kernels are compiled for

struct LinearProduct {
  DenseProduct product;  // [O, C]
  DeviceBuffer<float> bias;
};

// A layer's weights on the device: one LstmProducts for each direction, or one LinearProduct.
struct LayerWeights {
  std::vector<LstmProducts> directions;
  std::vector<LinearProduct> linear;
};

// Changed and zero elements of both operands, one row of lanes for each: x changed, x zero, h
// changed, h zero.
constexpr Index kTotals = 4;

// All memory that grows with a batch. Released as a whole when the device has no more.
struct Workspace {
  explicit Workspace(Index chunk_bytes)
      : runners{LstmRunner(chunk_bytes), LstmRunner(chunk_bytes)} {}

  LaneTable lanes;
  DeviceMatrix<float> input, output;  // of the current layer, [padded frames, width]
  DeviceMatrix<std::int16_t> q;       // of plans that score
  DeviceBuffer<FrameSimilarity> similarity;
  DeviceMatrix<float> operand;  // of linear layers that do not take x as it is
  DeviceBuffer<std::byte> state;
  DeviceBuffer<unsigned long long> totals;  // [shapes, kTotals, N]
  std::array<LstmRunner, 2> runners;
};

Index free_bytes() {
  std::size_t free = 0, total = 0;
  EDGEVAL_CUDA(cudaMemGetInfo(&free, &total));
  return static_cast<Index>(free);
}

std::string device_name() {
  cudaDeviceProp properties{};
  EDGEVAL_CUDA(cudaGetDeviceProperties(&properties, 0));
  return properties.name;
}

class GpuEngine final : public Engine {
 public:
  explicit GpuEngine(const Model& model) : model_(model), name_(device_name()) {
    for (const Layer& layer : model.layers)
      std::visit([&](const auto& l) { upload_weights(l); }, layer);
    stream_.synchronize();
    // A sixteenth of what is free for each direction: the activations of a large batch need the
    // rest.
    chunk_bytes_ = std::min(free_bytes() / 16, Index{1} << 30);
  }

  std::string device() const override { return name_; }
  bool on_gpu() const override { return true; }

  // An observer sees a layer once for each group of lanes that fits into the memory; as a rule that
  // is all of them.
  BatchResult run(const Ragged<float>& features, const OperatingPoint& point,
                  LayerObserver* observer) override {
    check_point(model_, point);
    const std::optional<std::string> reason = why_not(point);
    EDGEVAL_EXPECTS(!reason, *reason, "; use --device cpu");
    BatchResult result;
    result.outputs = Ragged<float>(features.lengths(), model_.outputs());
    result.activity.resize(static_cast<std::size_t>(features.sequences()));
    for (Index first = 0; first < features.sequences();) {
      const Index count = reserve_lanes(features, first, point);
      Part part{features, first, count, point, observer, result};
      run_part(part);
      first += count;
    }
    return result;
  }

 private:
  // Lanes [first, first + count) of a batch on their way through the layers.
  struct Part {
    const Ragged<float>& features;
    Index first, count;
    const OperatingPoint& point;
    LayerObserver* observer;
    BatchResult& result;
    std::vector<std::vector<std::int32_t>> running =
        {};  // by shape, then lane; empty where every frame runs
    Index length(Index lane) const { return features.length(first + lane); }
    Index first_frame() const { return features.offsets[first]; }
  };

  // Frames before each of lanes [first, first + count), and before the lane behind them, counted
  // from the first.
  static std::vector<Index> own_offsets(const Ragged<float>& features, Index first, Index count) {
    const auto begin = features.offsets.begin() + first;
    std::vector<Index> own(begin, begin + count + 1);
    for (Index& offset : own) offset -= *begin;
    return own;
  }

  void upload_weights(const LstmLayer& layer) {
    LayerWeights& weights = weights_.emplace_back();
    for (const LstmWeights& direction : layer.weights)
      weights.directions.emplace_back(cublas_, direction, stream_);
  }
  void upload_weights(const LinearLayer& layer) {
    LinearProduct& linear = weights_.emplace_back().linear.emplace_back(
        LinearProduct{DenseProduct(cublas_, layer.weight.view(), kTypicalFrames, stream_), {}});
    linear.bias.upload(layer.bias.data(), layer.bias.size(), stream_);
  }

  // How many lanes from `first` on run together: as many as the memory took the last time, halved
  // until it takes them.
  Index reserve_lanes(const Ragged<float>& features, Index first, const OperatingPoint& point) {
    while (true) {
      const Index count = std::min(most_lanes_, features.sequences() - first);
      try {
        reserve(features, first, count, point);
        return count;
      } catch (const OutOfMemory&) {
        workspace_.reset();
        EDGEVAL_EXPECTS(count > 1, "an utterance of ", features.length(first),
                        " frames does not fit into the memory of ", name_, "; use --device cpu");
        most_lanes_ = count / 2;
      }
    }
  }

  // Takes all memory of the coming part, so that nothing fails for want of it half-way.
  void reserve(const Ragged<float>& features, Index first, Index count,
               const OperatingPoint& point) {
    if (!workspace_) workspace_.emplace(chunk_bytes_);
    Workspace& space = *workspace_;
    space.lanes.upload(own_offsets(features, first, count), stream_);
    const Lanes& lanes = space.lanes.lanes();
    const Index rows = DenseProduct::padded(lanes.frames);
    Index widest = model_.inputs(), shapes = 0;
    for (std::size_t i = 0; i < model_.layers.size(); ++i) {
      const Layer& layer = model_.layers[i];
      const LayerPolicy& policy = point.layers[i];
      const Index inputs = layer_inputs(layer);
      widest = std::max(widest, layer_outputs(layer));
      shapes += static_cast<Index>(layer_shapes(layer).size());
      for (std::size_t d = 0; d < weights_[i].directions.size(); ++d)
        space.runners[d].reserve(weights_[i].directions[d], policy.operand, lanes);
      if (!weights_[i].linear.empty() && state_bytes(policy.operand) > 0) {
        space.operand.resize(rows, inputs, stream_);
        space.state.reserve(lanes.count * inputs * state_bytes(policy.operand), stream_);
      }
      if (std::holds_alternative<SimilaritySkip>(policy.plan)) {
        space.q.resize(lanes.frames, inputs, stream_);
        space.similarity.reserve(lanes.frames, stream_);
      }
    }
    space.input.resize(rows, widest, stream_);
    space.output.resize(rows, widest, stream_);
    space.totals.reserve(shapes * kTotals * lanes.count, stream_);
    space.totals.zero(shapes * kTotals * lanes.count, stream_);
  }

  void run_part(Part& part) {
    Workspace& space = *workspace_;
    const Lanes& lanes = space.lanes.lanes();
    const Index rows = DenseProduct::padded(lanes.frames);
    space.input.resize(rows, model_.inputs(), stream_);
    const MatrixView<const float> features{part.features.values.row(part.first_frame()),
                                           lanes.frames, part.features.cols(),
                                           part.features.cols()};
    upload(features, space.input.view(), stream_);
    for (std::size_t i = 0; i < model_.layers.size(); ++i) {
      space.output.resize(rows, layer_outputs(model_.layers[i]), stream_);
      std::visit([&](const auto& layer) { run_layer(layer, static_cast<Index>(i), part); },
                 model_.layers[i]);
      if (part.observer != nullptr) observe_layer(static_cast<Index>(i), part);
      std::swap(space.input, space.output);
    }
    const MatrixView<float> outputs{part.result.outputs.values.row(part.first_frame()),
                                    lanes.frames, model_.outputs(), model_.outputs()};
    download(space.input.view(), outputs, stream_);
    collect_activity(part);
  }

  void run_layer(const LstmLayer& layer, Index index, Part& part) {
    Workspace& space = *workspace_;
    const Lanes& lanes = space.lanes.lanes();
    const LayerPolicy& policy = part.point.layers[index];
    const DeviceView<float> x = space.input.view().leading(lanes.frames);
    if (const auto* skip = std::get_if<SimilaritySkip>(&policy.plan)) {
      space.q.resize(lanes.frames, layer.inputs, stream_);
      launch_similarity(skip->rule(), lanes, x, space.q.view(), space.similarity.data(), stream_);
    }
    std::vector<LstmTask> tasks;
    for (std::size_t d = 0; d < layer.directions.size(); ++d) {
      const Index shape = static_cast<Index>(part.running.size() + d);
      tasks.push_back(
          {.products = weights_[index].directions[d],
           .direction = layer.directions[d],
           .policy = policy,
           .lanes = lanes,
           .x = x,
           .similarity = space.similarity.data(),
           .output = space.output.view().columns(static_cast<Index>(d) * layer.cells, layer.cells),
           .input_totals = totals(shape, 0),
           .recurrent_totals = totals(shape, 2)});
    }
    for (std::size_t d = 0; d < tasks.size(); ++d) {
      ready_.order(stream_, space.runners[d].stream());
      space.runners[d].plan(tasks[d]);
    }
    for (std::size_t d = 0; d < tasks.size(); ++d) space.runners[d].run(tasks[d]);
    for (std::size_t d = 0; d < tasks.size(); ++d) {
      ready_.order(space.runners[d].stream(), stream_);
      part.running.push_back(space.runners[d].running());
      if (part.observer != nullptr)
        observe_plan(index, layer.directions[d], space.runners[d], part);
    }
  }

  void run_layer(const LinearLayer& layer, Index index, Part& part) {
    Workspace& space = *workspace_;
    const Lanes& lanes = space.lanes.lanes();
    const OperandChoice& choice = part.point.layers[index].operand;
    const LinearProduct& linear = weights_[index].linear.front();
    const bool keeps = state_bytes(choice) == 0;
    if (!keeps) {
      space.operand.resize(DenseProduct::padded(lanes.frames), layer.inputs, stream_);
      launch_initial_state(choice, space.state.data(), lanes.count * layer.inputs, stream_);
    }
    const DeviceView<float> operand = keeps ? space.input.view() : space.operand.view();
    launch_frame_operand(choice, lanes,
                         {.x = space.input.view(),
                          .operand = operand,
                          .state = keeps ? nullptr : space.state.data(),
                          .totals = totals(static_cast<Index>(part.running.size()), 0)},
                         stream_);
    linear.product(operand, lanes.frames, space.output.view(), stream_);
    launch_linear(space.output.view().leading(lanes.frames), linear.bias.data(),
                  activation_range(layer.activation), stream_);
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
    workspace_->totals.download(totals.data(), static_cast<Index>(totals.size()), stream_);
    stream_.synchronize();
    Index shape = 0;
    for (std::size_t i = 0; i < model_.layers.size(); ++i)
      for (const LayerShape& of_layer : layer_shapes(model_.layers[i])) {
        const auto total = [&](Index which, Index lane) {
          return totals[(shape * kTotals + which) * part.count + lane];
        };
        for (Index lane = 0; lane < part.count; ++lane) {
          LayerActivity activity{.shape = of_layer};
          activity[Count::kInputsChanged] = total(0, lane);
          activity[Count::kInputsZero] = total(1, lane);
          activity[Count::kRecurrentInputsChanged] = total(2, lane);
          activity[Count::kRecurrentInputsZero] = total(3, lane);
          const Index running =
              part.running[shape].empty() ? part.length(lane) : part.running[shape][lane];
          complete_lane(activity, part.point.layers[i], part.length(lane), running);
          part.result.activity[part.first + lane].layers.push_back(std::move(activity));
        }
        ++shape;
      }
  }

  void observe_plan(Index layer, Direction direction, const LstmRunner& runner,
                    const Part& part) const {
    const bool skips = std::holds_alternative<SimilaritySkip>(part.point.layers[layer].plan);
    const std::vector<Index> offsets = own_offsets(part.features, part.first, part.count);
    std::vector<StepMode> modes(static_cast<std::size_t>(offsets.back()), StepMode::kRun);
    if (skips) modes = runner.modes(offsets.back());
    for (Index lane = 0; lane < part.count; ++lane)
      part.observer->on_plan(layer, direction, part.first + lane,
                             std::span(modes).subspan(offsets[lane], part.length(lane)));
  }

  void observe_layer(Index layer, const Part& part) const {
    std::vector<Index> lengths;
    for (Index lane = 0; lane < part.count; ++lane) lengths.push_back(part.length(lane));
    Ragged<float> input(lengths, layer_inputs(model_.layers[layer]));
    Ragged<float> output(lengths, layer_outputs(model_.layers[layer]));
    download(workspace_->input.view(), input.values.view(), stream_);
    download(workspace_->output.view(), output.values.view(), stream_);
    stream_.synchronize();
    part.observer->on_layer(layer, input, output);
  }

  const Model& model_;
  const std::string name_;
  Stream stream_;
  Event ready_;
  CublasLt cublas_;
  std::vector<LayerWeights> weights_;  // of each layer
  Index chunk_bytes_ = 0;
  Index most_lanes_ = std::numeric_limits<Index>::max();
  std::optional<Workspace> workspace_;
};

}  // namespace

bool built_with_cuda() { return true; }

std::vector<std::string> devices() {
  std::vector<std::string> names;
  int count = 0;
  if (cudaGetDeviceCount(&count) != cudaSuccess) {
    static_cast<void>(
        cudaGetLastError());  // no driver: no devices, and no error for a later call to find
    return names;
  }
  for (int device = 0; device < count; ++device) {
    cudaDeviceProp properties{};
    EDGEVAL_CUDA(cudaGetDeviceProperties(&properties, device));
    if (properties.major >= kLeastCapability) names.emplace_back(properties.name);
  }
  return names;
}

std::optional<std::string> why_not(const Model& model) {
  for (const Layer& layer : model.layers) {
    const auto* recurrent = std::get_if<RecurrentLayer>(&layer);
    if (recurrent == nullptr || recurrent->is_plain_lstm()) continue;
    return concat("the GPU engine has LSTM cells without peepholes and projection only, and layer ", recurrent->name,
                  " has others");
  }
  return std::nullopt;
}

std::optional<std::string> why_not(const OperatingPoint& point) {
  for (const LayerPolicy& layer : point.layers) {
    if (!std::holds_alternative<Fp32>(layer.arithmetic)) return "the GPU engine computes in fp32 only";
    if (!std::holds_alternative<Exact>(layer.nonlinearity))
      return "the GPU engine has exact sigmoids and tanhs only";
    const auto* skip = std::get_if<SimilaritySkip>(&layer.plan);
    if (skip != nullptr && skip->has_pseudo()) return "the GPU engine has no pseudo-skips";
    if (std::holds_alternative<Memoized>(layer.operand) || std::holds_alternative<DynamicPrecision>(layer.operand))
      return "the GPU engine makes one product per neuron, and memoized and dynamic_precision choose between two";
  }
  return std::nullopt;
}

std::unique_ptr<Engine> make_engine(const Model& model, const EngineOptions&) {
  EDGEVAL_EXPECTS(!devices().empty(),
                  "there is no GPU that edgeval can use (compute capability 8.0 or later, with a "
                  "driver for CUDA ",
                  CUDART_VERSION / 1000, "); use --device cpu");
  const std::optional<std::string> reason = why_not(model);
  EDGEVAL_EXPECTS(!reason, *reason, "; use --device cpu");
  return std::make_unique<GpuEngine>(model);
}

}  // namespace edgeval::gpu
