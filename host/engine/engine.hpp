// An engine runs a model over a batch of utterances under one operating point and reports outputs
// and activity. The CPU engine is the definition; the GPU engine gives the same counts and, in
// fp32, outputs within a tolerance.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "host/core/activity.hpp"
#include "host/core/matrix.hpp"
#include "host/engine/ctc_beam.hpp"
#include "host/engine/sequence/final_states.hpp"
#include "host/layer/layer_policy.hpp"
#include "host/model/graph.hpp"

namespace edgeval {

// The policies of all layers of a model, one entry for each. A linear layer's plan is EveryStep.
struct OperatingPoint {
  std::vector<LayerPolicy> layers;
  // Of a model that was trained with CTC: how wide the search of the text is. Without it there is
  // no search.
  std::optional<Beam> beam = {};
};

// A batch of utterances that an engine has taken in. An engine that keeps more than the features
// derives a class from this one.
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

// Which results of a run are wanted beside the counts. Only these are copied from a GPU.
struct Wanted {
  bool outputs = false;       // all values of the last layer
  bool best = false;          // the number of the greatest of these values, for each frame
  bool final_states = false;  // h and c at the end of each lane, for each recurrent layer
};

// The results of consecutive utterances of a batch at one operating point. Beside the counts it
// has what was wanted; the rest is empty.
struct BatchResult {
  Ragged<float> outputs;           // [frames of each utterance, outputs of the last layer]
  std::vector<Activity> activity;  // one per utterance
  // The number of the greatest output, the lowest of equal ones, [frames of each utterance, 1].
  Ragged<std::int32_t> best;
  // One per utterance, at points with a beam.
  std::vector<CtcSearch> searches;
  // final_states[layer of the stack][direction]; a linear layer has no entries.
  std::vector<std::vector<FinalStates>> final_states;

  Index utterances() const { return static_cast<Index>(activity.size()); }
  // Appends the results of the utterances that follow.
  void append(BatchResult&& next);
};

// Receives results: points in any order, and of each point every utterance once. An engine passes
// on as many consecutive utterances at a time as it likes, and several devices pass on theirs as
// they are done, so that the outputs of a thousand points are never held at once. Calls come one
// after the other, on any thread. When run() throws, what was received is void.
class ResultSink {
 public:
  virtual ~ResultSink() = default;
  // points: the numbers, in the call, of all points that have this result, beam included. first:
  // the number of the result's first utterance in the batch.
  virtual void receive(std::span<const Index> points, Index first, BatchResult&& result) = 0;
};

// Puts the results of one point together.
class GatheredResult {
 public:
  void add(Index first, BatchResult&& result) { parts_.emplace(first, std::move(result)); }
  BatchResult take();  // of all utterances, in the order of the batch

 private:
  std::map<Index, BatchResult> parts_;  // by the number of the first utterance
};

// Sees what passes between layers, for profiles and tests. `layer` counts the model's layers from
// 0.
class LayerObserver {
 public:
  virtual ~LayerObserver() = default;
  // Is called after each layer with all lanes; on a GPU, with as many lanes at a time as its memory
  // holds. When run() throws std::bad_alloc, what was seen is void.
  virtual void on_layer(Index /*layer*/, const Ragged<float>& /*input*/,
                        const Ragged<float>& /*output*/) {}
  // Is called for each recurrent layer, direction and lane. The modes are in time order, whatever
  // the direction.
  virtual void on_plan(Index /*layer*/, Direction, Index /*lane*/,
                       std::span<const StepMode> /*modes*/) {}
};

// The GPUs that engines run on, and what they may take of them.
struct Gpus {
  std::vector<int> numbers = {};  // as CUDA counts them; none: the first GPU that can be used
  // The most bytes of device memory that all engines of the process together take of each GPU, as
  // the engine says that was made last; 0: all there is.
  std::int64_t memory = 0;
};

struct EngineOptions {
  int threads = 0;  // CPU threads; 0: all of the machine
  // On the CPU: bytes of pre-activations that a task holds at once.
  std::int64_t chunk_bytes = 1 << 20;
  // On a GPU: bytes of operands and pre-activations that a direction holds at once; 0: chosen from
  // the GPU's memory.
  std::int64_t gpu_chunk_bytes = 0;
  // On a GPU: whether one kernel makes the products, cells and next operand of a step, where it can
  // (cuda/kernel/lstm_product.hpp).
  bool gpu_whole_steps = false;
  Gpus gpus = {};
  // false: integer products are made in fp32, as on CPUs without instructions for bytes.
  bool byte_instructions = true;
};

class Engine {
 public:
  virtual ~Engine() = default;
  virtual std::string device() const = 0;  // for people: "CPU, 2 threads", "NVIDIA H200"
  virtual bool on_gpu() const = 0;

  // Takes in a batch, [frames, C] of each utterance, for any number of runs.
  virtual std::unique_ptr<PreparedBatch> prepare(std::shared_ptr<const Ragged<float>> features);

  // Runs the batch under each of the points. What several points have in common is done once: all
  // layers before the first one for which their policies differ. Results do not depend on which
  // utterances share a batch, nor on which points share a call. With several points an observer
  // sees one after the other, and nothing is shared. Throws Error when a point does not fit the
  // model (check_point); on the CPU also when an output is infinite or not a number.
  virtual void run(PreparedBatch& batch, std::span<const OperatingPoint> points,
                   const Wanted& wanted, ResultSink& sink, LayerObserver* observer = nullptr) = 0;

  // Runs `features` under one point and returns the results of all utterances. The caller keeps
  // `features`, which are read during the call only.
  BatchResult run(const Ragged<float>& features, const OperatingPoint& point, const Wanted& wanted,
                  LayerObserver* observer = nullptr);
  // Runs `features` under one point and returns all outputs and the counts.
  BatchResult run(const Ragged<float>& features, const OperatingPoint& point,
                  LayerObserver* observer = nullptr) {
    return run(features, point, {.outputs = true}, observer);
  }
};

// Returns the dense network: every layer runs every step in fp32, with its operands as they are.
OperatingPoint dense_point(const Model& model);

// Throws Error when a layer cannot take its choices (a plan on a linear layer, a parameter left to
// a profile).
void check_point(const Model& model, const OperatingPoint& point);

// Throws Error when a layer's weights are too large for its integers. It reads all weights.
void check_weights(const Model& model, const OperatingPoint& point);

// Returns an engine that runs the layers of model->stack() on the CPU.
std::unique_ptr<Engine> make_cpu_engine(std::shared_ptr<const Model> model,
                                        const EngineOptions& options);

}  // namespace edgeval
