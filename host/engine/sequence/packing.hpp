// Packs lanes by their number of live steps, longest first, so that the lanes that are active at a
// step are always the first ones.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "host/body/plan.hpp"
#include "host/core/matrix.hpp"
#include "host/layer/layer.hpp"
#include "host/technique/plan.hpp"

namespace edgeval {

// The frames of one lane that run, in processing order, and the mode of every frame in time order.
struct LanePlan {
  std::vector<std::int32_t> live;
  std::vector<StepMode> modes;
  Index running() const { return static_cast<Index>(live.size()); }
};

// Returns for each frame of input [T, C] how alike it is to its neighbours under the plan's rule.
std::vector<FrameSimilarity> frame_similarities(const SimilaritySkip::Rule& rule,
                                                MatrixView<const float> input);

// Returns the plans of one layer, as plans[direction][lane]. input: [frames, C] of each lane.
std::vector<std::vector<LanePlan>> plan_lanes(const Plan& plan, const Ragged<float>& input,
                                              std::span<const Direction> directions, int threads);

// Returns the plans of one layer and direction, by lane.
std::vector<LanePlan> plan_lanes(const Plan& plan, const Ragged<float>& input, Direction direction,
                                 int threads);

// Returns the lane numbers in packed order (most live steps first, ties by number), cut into blocks
// of nearly equal size. largest_block is a multiple of the products' row block.
std::vector<std::vector<Index>> lane_blocks(const std::vector<LanePlan>& plans,
                                            Index largest_block);

}  // namespace edgeval
