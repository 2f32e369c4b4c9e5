// Packs lanes by their number of live steps, longest first, so that the lanes that are active at a
// step are always the first ones.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <utility>
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

// Makes the plans of lanes that enter a layer, under any number of plans. The similarities of
// frames are computed once for all plans that compare the same bits.
class LanePlanner {
 public:
  // input: [frames, C] of each lane. The object keeps references to it and to the directions.
  LanePlanner(const Ragged<float>& input, std::span<const Direction> directions, int threads)
      : input_(input), directions_(directions), threads_(threads) {}

  // Returns plans[direction][lane].
  std::vector<std::vector<LanePlan>> plan(const Plan& plan);

 private:
  using Similarities = std::vector<std::vector<FrameSimilarity>>;  // by lane
  const Similarities& similarities(const SimilaritySkip::Rule& rule);
  // Return a function that makes the plan of a lane in a direction.
  auto planner(const EveryStep&);
  auto planner(const SimilaritySkip& skip);

  const Ragged<float>& input_;
  const std::span<const Direction> directions_;
  const int threads_;
  std::map<std::pair<float, int>, Similarities> known_;  // by the rule's scale and shift
};

// Returns the plans of one layer and direction, by lane.
std::vector<LanePlan> plan_lanes(const Plan& plan, const Ragged<float>& input, Direction direction,
                                 int threads);

// Returns the lane numbers in packed order (most live steps first, ties by number), cut into blocks
// of nearly equal size. running: the number of live steps of each lane. largest_block is a multiple
// of the products' row block.
std::vector<std::vector<Index>> lane_blocks(std::span<const Index> running, Index largest_block);

}  // namespace edgeval
