// Decides on the GPU which frames of every lane run, for one layer and direction (bodies in
// host/body/plan.hpp).
#pragma once

#include "cuda/kernel/lanes.hpp"
#include "host/body/plan.hpp"

namespace edgeval::gpu {

// The plan of one direction; rows are as in Lanes.
struct PlanView {
  StepMode* mode;  // [frames] in time order; is not written where every step runs
  // [frames]; the part of each lane starts with its frames that run, in processing order.
  std::int32_t* live;
  std::int32_t* running;  // [N] number of frames of each lane that run
};

// How a lane's frames are skipped.
struct PlanRule {
  SimilaritySkip::Rule rule;
  int period;  // of successive frames that are alike enough, every period-th one runs all the same

  static PlanRule of(const SimilaritySkip& skip);
};

void launch_plan_every_step(const Lanes& lanes, bool backward, PlanView plan, cudaStream_t stream);

// Computes how alike adjacent frames of x [frames, C] are, for both directions. q [frames, C] is
// scratch. The lanes are those of x: `input` and `rule` are not read.
void launch_similarity(const SimilaritySkip::Rule& rule, const Lanes& lanes,
                       DeviceView<const float> x, DeviceView<std::int16_t> q,
                       FrameSimilarity* similarity, cudaStream_t stream);

// similarity: of the rows of the layer's input.
void launch_plan_similarity(const PlanRule& rule, const Lanes& lanes,
                            const FrameSimilarity* similarity, bool backward, PlanView plan,
                            cudaStream_t stream);
// Does the same for lanes of several rules, which are in device memory in the order of lanes.rule.
void launch_plan_similarity(const PlanRule* rules, const Lanes& lanes,
                            const FrameSimilarity* similarity, bool backward, PlanView plan,
                            cudaStream_t stream);

}  // namespace edgeval::gpu
