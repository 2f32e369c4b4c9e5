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

struct BatchResult {
  Ragged<float> outputs;           // [frames of each utterance, outputs of the last layer]
  std::vector<Activity> activity;  // one per utterance
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
  // One call per recurrent layer and direction: the last h and c of every lane, [lanes, P] and
  // [lanes, H].
  virtual void on_final_states(Index /*layer*/, std::size_t /*direction*/,
                               const FinalStates& /*states*/) {}
  // Whether anybody looks at what on_layer and on_plan show: a GPU then need not send it to the
  // host.
  virtual bool sees_layers() const { return true; }
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

  // features: [frames, C] for each utterance. Results do not depend on which utterances share a
  // batch.
  virtual BatchResult run(const Ragged<float>& features, const OperatingPoint& point,
                          LayerObserver* observer = nullptr) = 0;
};

// Everything dense: every step, operands as they are.
OperatingPoint dense_point(const Model& model);

// Throws Error when a layer cannot take its choices (a plan on a linear layer, a parameter left to
// a profile).
void check_point(const Model& model, const OperatingPoint& point);

// Throws Error when a layer's weights are too large for its integers. It reads all of them.
void check_weights(const Model& model, const OperatingPoint& point);

// The engine keeps a reference to the model, which must outlive it.
std::unique_ptr<Engine> make_cpu_engine(const Model& model, const EngineOptions& options);

}  // namespace edgeval
