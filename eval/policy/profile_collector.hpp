// Gathers the figures of a profile (profile.hpp) while a network runs dense.
#pragma once

#include <vector>

#include "eval/policy/collector.hpp"
#include "eval/policy/profile.hpp"

namespace edgeval {

// Returns the profile of the spreads of all steps of searches with this width. The spreads may have
// any order.
SpreadProfile spread_profile(int width, std::vector<double> spreads);

class ProfileCollector : public Collector {
 public:
  // `frames` is at least the number of frames that the layers of the stack will see in all, and
  // `decoder_rows` that of the rows that a decoder's layers will see. They say how many of the
  // largest values the exact percentile must keep.
  ProfileCollector(std::shared_ptr<const Model> model, Index frames, Index decoder_rows = 0);
  ~ProfileCollector() override;
  void on_layer(Index layer, const Ragged<float>& input, const Ragged<float>& output) override;
  void add(const std::function<void()>& run) override;
  Profile finish() const;

 private:
  struct LayerStatistics;
  const std::shared_ptr<const Model> model_;
  std::vector<LayerStatistics> layers_;
};

}  // namespace edgeval
