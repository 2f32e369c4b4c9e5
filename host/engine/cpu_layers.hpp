// Runs one layer of a model on the CPU, for the lanes of several operating points side by side. A
// task is one direction of the layer for one block of lanes; tasks share nothing that they write,
// so the number of threads changes no result.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "host/engine/engine.hpp"
#include "host/engine/sequence/packed_layer.hpp"
#include "host/engine/sequence/packing.hpp"

namespace edgeval {

// What a layer makes of a batch under one policy.
struct LayerRun {
  const Ragged<float>& input;  // [frames, C] of each lane
  const LayerPolicy& policy;
  // The rest is filled in by the run.
  Ragged<float> output{};                              // [frames, O] of each lane
  std::vector<std::vector<LayerActivity>> activity{};  // [direction][lane]
  std::vector<std::vector<LanePlan>> plans{};          // [direction][lane]; none for a linear layer
  std::vector<FinalStates> final_states{};  // [direction], of a recurrent layer, where wanted
};

class CpuLayers {
 public:
  CpuLayers(std::shared_ptr<const Model> model, const EngineOptions& options);

  int threads() const { return threads_; }
  const Model& model() const { return *model_; }

  // Runs the layer of the model's stack with this number. The runs' policies have equal
  // launch_numbers (shared_layers.hpp). Packs the layer's weights when they are first asked for.
  // Throws Error when a weight is too large for the integers, and when an output is infinite or not
  // a number.
  void run(std::size_t layer, std::span<LayerRun> runs, bool final_states);

 private:
  const std::shared_ptr<const Model> model_;
  const EngineOptions options_;
  const int threads_;
  std::vector<PackedLayer> packed_;
};

}  // namespace edgeval
