// Lanes packed by their number of live steps, longest first, so that the lanes active at a step are
// always a prefix.
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

// How alike adjacent frames of a sequence are under the plan's rule, by frame.
std::vector<FrameSimilarity> frame_similarities(const SimilaritySkip::Rule& rule,
                                                MatrixView<const float> input);

// Plans of every lane for one layer, by direction. input: [frames, C] of each lane.
std::vector<std::vector<LanePlan>> plan_lanes(const Plan& plan, const Ragged<float>& input,
                                              std::span<const Direction> directions, int threads);

// The same for one direction.
std::vector<LanePlan> plan_lanes(const Plan& plan, const Ragged<float>& input, Direction direction,
                                 int threads);

// Lane numbers in packed order (most live steps first, ties by number), cut into blocks of
// near-equal size.
std::vector<std::vector<Index>> lane_blocks(const std::vector<LanePlan>& plans,
                                            Index largest_block);

}  // namespace edgeval
