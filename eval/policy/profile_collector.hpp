// Gathers the figures of a profile (profile.hpp) while a network runs dense.
#pragma once

#include <functional>
#include <vector>

#include "eval/policy/profile.hpp"
#include "host/engine/engine.hpp"

namespace edgeval {

// The percentiles of such spreads, in any order.
SpreadProfile spread_profile(int width, std::vector<double> spreads);

// frames: at least as many as the network's stack will see in all; decoder_rows: likewise of a
// decoder's layers. (The exact percentile needs to know how many of the largest values to keep.)
class ProfileCollector : public LayerObserver {
 public:
  ProfileCollector(const Model& model, Index frames, Index decoder_rows = 0);
  ~ProfileCollector() override;
  void on_layer(Index layer, const Ragged<float>& input, const Ragged<float>& output) override;
  // Gathers what `run` shows; when it fails, for instance for want of memory, nothing of it.
  void add(const std::function<void(LayerObserver&)>& run);
  // Runs a batch dense.
  void add(Engine& engine, const Ragged<float>& features);
  Profile finish() const;

 private:
  struct LayerStatistics;
  const Model& model_;
  std::vector<LayerStatistics> layers_;
};

}  // namespace edgeval
