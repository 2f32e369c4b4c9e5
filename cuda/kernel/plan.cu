// Kernels of the plan. Scoring takes one thread block per frame, good for any width: a frame's C
// elements are spread over up to 256 threads. Deciding is a walk along the frames, a warp per lane
// and 32 frames at a time, so its time grows with the longest lane and hardly with the number of
// lanes.
#include <algorithm>

#include "cuda/device/block.cuh"
#include "cuda/device/launch.hpp"
#include "cuda/device/ptx.hpp"
#include "cuda/kernel/plan.hpp"

namespace edgeval::gpu {
namespace {

constexpr int kThreads = 128;  // of kernels with a warp per lane

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

// The rules of lanes: `each` in device memory, in the order of Lanes::rule, or one for all.
struct PlanRules {
  PlanRule one;
  const PlanRule* each;
};

// A thread decides one frame of 32. Of successive frames that are alike enough to be skipped, every
// `period`-th one runs all the same (decide_lane does this step by step).
__global__ void __launch_bounds__(kThreads)
    plan_similarity_kernel(PlanRules rules, Lanes lanes, const FrameSimilarity* all, bool backward,
                           PlanView plan) {
  constexpr unsigned kAll = 0xFFFFFFFFU;
  const Index lane = Index{blockIdx.x} * (kThreads / kWarp) + threadIdx.x / kWarp;
  if (lane >= lanes.count) return;
  const int thread = threadIdx.x % kWarp;
  const Index begin = lanes.begin[lane];
  const FrameSimilarity* const similarity = all + lanes.input_begin(lane);
  const PlanRule own = rules.each == nullptr ? rules.one : rules.each[lanes.rule[lane]];
  const int steps = static_cast<int>(lanes.begin[lane + 1] - begin);
  // alike_before counts the alike frames that directly precede the present 32.
  int running = 0, alike_before = 0;
  for (int first = 0; first < steps; first += kWarp) {
    const int k = first + thread, t = backward ? steps - 1 - k : k;
    StepMode mode = StepMode::kRun;
    if (k > 0 && k < steps) mode = own.rule.next(score_of_frame(similarity, t, backward), 0);
    const unsigned alike = __ballot_sync(kAll, mode == StepMode::kSkip);
    const int in_row = thread == 0 ? 0 : leading_zeros(~(alike << (kWarp - thread)));
    const int before = in_row < thread ? in_row : thread + alike_before;
    if (mode == StepMode::kSkip && before % own.period == own.period - 1) mode = StepMode::kRun;
    const unsigned live = __ballot_sync(kAll, k < steps && mode != StepMode::kSkip);
    if (k < steps) {
      plan.mode[begin + t] = mode;
      const unsigned lower = (1U << thread) - 1;
      if (mode != StepMode::kSkip)
        plan.live[begin + running + count_of_ones(live & lower)] = static_cast<std::int32_t>(t);
    }
    running += count_of_ones(live);
    const int last = leading_zeros(~alike);
    alike_before = last == kWarp ? alike_before + kWarp : last;
  }
  if (thread == 0) plan.running[lane] = static_cast<std::int32_t>(running);
}

void launch_plan(const PlanRules& rules, const Lanes& lanes, const FrameSimilarity* similarity,
                 bool backward, PlanView plan, cudaStream_t stream) {
  if (lanes.count == 0) return;
  launch(stream, plan_similarity_kernel, {blocks_of(lanes.count, kThreads / kWarp)}, kThreads,
         rules, lanes, similarity, backward, plan);
}

}  // namespace

PlanRule PlanRule::of(const SimilaritySkip& skip) {
  constexpr double kNever = 1 << 30;  // no lane is that long
  return {skip.rule(), static_cast<int>(std::min(skip.max_consecutive, kNever)) + 1};
}

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

void launch_plan_similarity(const PlanRule& rule, const Lanes& lanes,
                            const FrameSimilarity* similarity, bool backward, PlanView plan,
                            cudaStream_t stream) {
  launch_plan({rule, nullptr}, lanes, similarity, backward, plan, stream);
}

void launch_plan_similarity(const PlanRule* rules, const Lanes& lanes,
                            const FrameSimilarity* similarity, bool backward, PlanView plan,
                            cudaStream_t stream) {
  launch_plan({{}, rules}, lanes, similarity, backward, plan, stream);
}

}  // namespace edgeval::gpu
