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

// Returns the activity of each lane. `totals` is [shapes, kTotals, lanes], where each direction of
// a layer has a shape of its own; `running` has for each shape the steps that each lane ran, or
// nothing where these are all; `lengths` are the steps of each lane.
std::vector<Activity> lane_activities(const Model& model, const OperatingPoint& point,
                                      std::span<const unsigned long long> totals,
                                      std::span<const std::vector<std::int32_t>> running,
                                      std::span<const Index> lengths);

}  // namespace edgeval::gpu
