// Plans on the GPU: which frames of every lane run, for one layer and direction (bodies in
// host/body/plan.hpp).
#pragma once

#include "cuda/kernel/lanes.hpp"
#include "host/body/plan.hpp"

namespace edgeval::gpu {

// Of one direction; rows as in Lanes.
struct PlanView {
  StepMode* mode;  // [frames] in time order; left as it is where every step runs
  std::int32_t*
      live;  // [frames]; each lane's part starts with its frames that run, in processing order
  std::int32_t* running;  // [N] frames of each lane that run
};

void launch_plan_every_step(const Lanes& lanes, bool backward, PlanView plan, cudaStream_t stream);

// How alike adjacent frames of x [frames, C] are, for both directions. q [frames, C] is scratch.
void launch_similarity(const SimilaritySkip::Rule& rule, const Lanes& lanes,
                       DeviceView<const float> x, DeviceView<std::int16_t> q,
                       FrameSimilarity* similarity, cudaStream_t stream);

void launch_plan_similarity(const SimilaritySkip::Rule& rule, const Lanes& lanes,
                            const FrameSimilarity* similarity, bool backward, PlanView plan,
                            cudaStream_t stream);

}  // namespace edgeval::gpu
