// An engine runs a model over a batch of utterances under one operating point and reports outputs
// and activity. The CPU engine is the definition; the GPU engine gives the same counts and, in
// fp32, outputs within a tolerance.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "host/core/activity.hpp"
#include "host/core/matrix.hpp"
#include "host/engine/sequence/final_states.hpp"
#include "host/layer/layer_policy.hpp"
#include "host/model/graph.hpp"

namespace edgeval {

// One entry per layer of the model; a linear layer's plan is EveryStep.
struct OperatingPoint {
  std::vector<LayerPolicy> layers;
};

// Utterances that an engine has taken in. What it holds beside the features is the engine's affair.
class PreparedBatch {
 public:
  // features: [frames, C] of each utterance.
  explicit PreparedBatch(std::shared_ptr<const Ragged<float>> features)
      : features_(std::move(features)) {}
  virtual ~PreparedBatch() = default;

  const Ragged<float>& features() const { return *features_; }

 private:
  std::shared_ptr<const Ragged<float>> features_;
};

// What of a run is wanted beside the counts. A device keeps the rest to itself.
struct Wanted {
  bool outputs = false;       // all values of the last layer
  bool best = false;          // of each frame the greatest of them
  bool final_states = false;  // where the lanes of each recurrent layer end
};

// What one operating point made of consecutive utterances of a batch; beside the counts, what was
// wanted.
struct BatchResult {
  Ragged<float> outputs;           // [frames of each utterance, outputs of the last layer]
  std::vector<Activity> activity;  // one per utterance
  Ragged<std::int32_t> best;       // [frames of each utterance, 1]: numbers of outputs; of equal
                                   // ones the lowest
  std::vector<std::vector<FinalStates>> final_states;  // of each layer of the stack and direction

  Index utterances() const { return static_cast<Index>(activity.size()); }
  // Takes in the result of the utterances that follow.
  void append(BatchResult&& next);
};

// Receives results point by point and within a point by the order of the batch, as many utterances
// at a time as an engine likes: a thousand points' outputs need not be held at once. When run()
// throws, what was received is void.
class ResultSink {
 public:
  virtual ~ResultSink() = default;
  // first: the number of the result's first utterance in the batch.
  virtual void receive(Index point, Index first, BatchResult&& result) = 0;
};

// Sees what passes between layers, for profiles and tests. `layer` counts the model's layers from
// 0.
class LayerObserver {
 public:
  virtual ~LayerObserver() = default;
  // All lanes, or as many of them at a time as a GPU's memory holds. When run() throws
  // std::bad_alloc, what was seen is void.
  virtual void on_layer(Index /*layer*/, const Ragged<float>& /*input*/,
                        const Ragged<float>& /*output*/) {}
  // One call per recurrent layer, direction and lane; modes in time order, whatever the direction.
  virtual void on_plan(Index /*layer*/, Direction, Index /*lane*/,
                       std::span<const StepMode> /*modes*/) {}
};

inline constexpr int kFirstDevice = -1;  // the first GPU that can be used

struct EngineOptions {
  int threads = 0;                     // CPU threads; 0: all of the machine
  std::int64_t chunk_bytes = 1 << 20;  // of pre-activations held at once by a task (CPU)
  std::int64_t gpu_chunk_bytes =
      0;  // of operands and pre-activations held at once by a direction; 0: from its memory
  int gpu = kFirstDevice;  // number of the GPU, as CUDA counts them
  bool byte_instructions =
      true;  // false: integer products through fp32, as on CPUs without such instructions
};

class Engine {
 public:
  virtual ~Engine() = default;
  virtual std::string device() const = 0;  // for people: "CPU, 2 threads", "NVIDIA H200"
  virtual bool on_gpu() const = 0;

  // Takes in a batch for any number of runs.
  virtual std::unique_ptr<PreparedBatch> prepare(std::shared_ptr<const Ragged<float>> features);

  // Runs the batch under each of the points. Results do not depend on which utterances share a
  // batch, nor on which points share a call. With several points an observer sees one after the
  // other.
  virtual void run(PreparedBatch& batch, std::span<const OperatingPoint> points,
                   const Wanted& wanted, ResultSink& sink, LayerObserver* observer = nullptr) = 0;

  // The same of one point, gathered; `features` stay the caller's.
  BatchResult run(const Ragged<float>& features, const OperatingPoint& point, const Wanted& wanted,
                  LayerObserver* observer = nullptr);
  // All outputs.
  BatchResult run(const Ragged<float>& features, const OperatingPoint& point,
                  LayerObserver* observer = nullptr) {
    return run(features, point, {.outputs = true}, observer);
  }
};

// Everything dense: every step, operands as they are.
OperatingPoint dense_point(const Model& model);

// Throws Error when a layer cannot take its choices (a plan on a linear layer, a parameter left to
// a profile).
void check_point(const Model& model, const OperatingPoint& point);

// Throws Error when a layer's weights are too large for its integers. It reads all of them.
void check_weights(const Model& model, const OperatingPoint& point);

std::unique_ptr<Engine> make_cpu_engine(std::shared_ptr<const Model> model,
                                        const EngineOptions& options);

}  // namespace edgeval
