// Kernels of the plan. Scoring takes one thread block per frame, good for any width: a frame's C
// elements are spread over up to 256 threads. Deciding is a walk along the frames, one thread per
// lane: a few instructions and one 12-byte load per frame, so its time grows with the longest lane
// and hardly with the number of lanes.
#include "cuda/block.cuh"
#include "cuda/launch.hpp"
#include "cuda/plan.hpp"

namespace edgeval::gpu {
namespace {

constexpr int kLaneThreads =
    32;  // of kernels with a thread per lane: few, so that lanes spread over the chip

__global__ void plan_every_step_kernel(Lanes lanes, bool backward, PlanView plan) {
  const Index lane = blockIdx.x;
  const Index begin = lanes.begin[lane], steps = lanes.begin[lane + 1] - begin;
  const CudaBlock block;
  block.for_each(steps, [&](Index k) {
    plan.live[begin + k] = static_cast<std::int32_t>(backward ? steps - 1 - k : k);
  });
  block.once([&] { plan.running[lane] = static_cast<std::int32_t>(steps); });
}

__global__ void quantize_kernel(SimilaritySkip::Rule rule, DeviceView<const float> x,
                                DeviceView<std::int16_t> q) {
  const Index frame = blockIdx.x;
  quantize_frame(CudaBlock{}, rule, x.row(frame), x.cols, q.row(frame));
}

__global__ void similarity_kernel(SimilaritySkip::Rule rule, Lanes lanes,
                                  DeviceView<const std::int16_t> q, FrameSimilarity* similarity) {
  const Index frame = blockIdx.x;
  const Index lane = lanes.lane_of_frame[frame];
  const Index begin = lanes.begin[lane], steps = lanes.begin[lane + 1] - begin;
  const MatrixView<const std::int16_t> sequence{q.row(begin), steps, q.cols, q.stride};
  const CudaBlock block;
  const FrameSimilarity result = similarity_of_frame(block, rule, sequence, frame - begin);
  block.once([&] { similarity[frame] = result; });
}

__global__ void plan_similarity_kernel(SimilaritySkip::Rule rule, Lanes lanes,
                                       const FrameSimilarity* similarity, bool backward,
                                       PlanView plan) {
  const Index lane = static_cast<Index>(blockIdx.x) * blockDim.x + threadIdx.x;
  if (lane >= lanes.count) return;
  const Index begin = lanes.begin[lane], steps = lanes.begin[lane + 1] - begin;
  plan.running[lane] = static_cast<std::int32_t>(
      decide_lane(rule, similarity + begin, steps, backward, plan.mode + begin, plan.live + begin));
}

}  // namespace

void launch_plan_every_step(const Lanes& lanes, bool backward, PlanView plan, cudaStream_t stream) {
  if (lanes.count == 0) return;
  launch(stream, plan_every_step_kernel, {lanes.count}, threads_for(lanes.longest), lanes, backward,
         plan);
}

void launch_similarity(const SimilaritySkip::Rule& rule, const Lanes& lanes,
                       DeviceView<const float> x, DeviceView<std::int16_t> q,
                       FrameSimilarity* similarity, cudaStream_t stream) {
  if (lanes.frames == 0) return;
  const int threads = threads_for(x.cols);
  launch(stream, quantize_kernel, {lanes.frames}, threads, rule, x, q);
  launch(stream, similarity_kernel, {lanes.frames}, threads, rule, lanes, q, similarity);
}

void launch_plan_similarity(const SimilaritySkip::Rule& rule, const Lanes& lanes,
                            const FrameSimilarity* similarity, bool backward, PlanView plan,
                            cudaStream_t stream) {
  if (lanes.count == 0) return;
  launch(stream, plan_similarity_kernel, {blocks_of(lanes.count, kLaneThreads)}, kLaneThreads, rule,
         lanes, similarity, backward, plan);
}

}  // namespace edgeval::gpu
