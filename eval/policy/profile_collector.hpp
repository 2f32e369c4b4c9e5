// Gathers the figures of a profile (profile.hpp) while a network runs dense.
#pragma once

#include <vector>

#include "eval/policy/collector.hpp"
#include "eval/policy/profile.hpp"

namespace edgeval {

// The percentiles of such spreads, in any order.
SpreadProfile spread_profile(int width, std::vector<double> spreads);

// frames: at least as many as the network's stack will see in all; decoder_rows: likewise of a
// decoder's layers. (The exact percentile needs to know how many of the largest values to keep.)
class ProfileCollector : public Collector {
 public:
  ProfileCollector(const Model& model, Index frames, Index decoder_rows = 0);
  ~ProfileCollector() override;
  void on_layer(Index layer, const Ragged<float>& input, const Ragged<float>& output) override;
  void add(const std::function<void()>& run) override;
  Profile finish() const;

 private:
  struct LayerStatistics;
  const Model& model_;
  std::vector<LayerStatistics> layers_;
};

}  // namespace edgeval
