// Turns what kernels counted for the lanes of a batch into their activities.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "host/core/activity.hpp"
#include "host/engine/engine.hpp"
#include "host/model/graph.hpp"

namespace edgeval::gpu {

// Totals of a lane: x changed, x zero, h changed, h zero, selected, changed at pseudo-skips.
inline constexpr Index kTotals = 6;
inline constexpr Index kSelected = 4;  // number of the first of the last two

// What a layer counted for all lanes that ran side by side.
struct LayerCounted {
  Index lanes = 0;  // how many these are
  // [directions, kTotals, lanes]; a linear layer has one direction.
  std::vector<unsigned long long> totals = {};
  // The steps that each lane ran, [lanes] for each direction; none where these are all.
  std::vector<std::vector<std::int32_t>> running = {};
};

// Where the lanes of a point are among those that a layer ran.
struct LanesOfLayer {
  const LayerCounted* totals;
  Index first;
};

// Returns the activity of each lane of a point. `layers` has an entry for each layer of the stack;
// `lengths` are the steps of each lane.
std::vector<Activity> lane_activities(const Model& model, const OperatingPoint& point,
                                      std::span<const LanesOfLayer> layers,
                                      std::span<const Index> lengths);

}  // namespace edgeval::gpu
