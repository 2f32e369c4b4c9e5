// Compares plans and packing on the device with the CPU engine's and with a stable sort.
#include <algorithm>
#include <cmath>

#include <algorithm>
#include <numeric>

#include "cuda/kernel/pack.hpp"
#include "host/engine/sequence/packing.hpp"
#include "tests/cuda/kernels/device.hpp"

namespace edgeval::test {
namespace {

struct DevicePlan {
  gpu::DeviceBuffer<StepMode> mode;
  gpu::DeviceBuffer<std::int32_t> live, running;
  DevicePlan(const gpu::Lanes& lanes, cudaStream_t stream) {
    mode.reserve_discarding(lanes.frames, stream);
    live.reserve_discarding(lanes.frames, stream);
    live.zero(lanes.frames, stream);  // behind the frames that run nobody writes
    running.reserve_discarding(lanes.count, stream);
  }
  gpu::PlanView view() const { return {mode.data(), live.data(), running.data()}; }
};

void expect_plan(const DevicePlan& plan, const std::vector<LanePlan>& expected,
                 const Ragged<float>& input, bool skips, const gpu::Stream& stream) {
  const Index frames = input.offsets.back();
  const auto mode = on_host(plan.mode, frames, stream);
  const auto live = on_host(plan.live, frames, stream);
  const auto running = on_host(plan.running, input.sequences(), stream);
  for (Index n = 0; n < input.sequences(); ++n) {
    const LanePlan& lane = expected[n];
    const Index begin = input.offsets[n];
    ASSERT_EQ(running[n], lane.running());
    EXPECT_TRUE(std::equal(lane.live.begin(), lane.live.end(), live.begin() + begin));
    EXPECT_TRUE(!skips || std::equal(lane.modes.begin(), lane.modes.end(), mode.begin() + begin));
  }
}

void expect_packed(const DevicePlan& plan, const std::vector<LanePlan>& plans,
                   const gpu::Lanes& lanes, const Ragged<float>& input, const gpu::Stream& stream) {
  gpu::Packing packing;
  packing.reserve(lanes, stream);
  packing.pack(lanes, plan.view(), stream);
  std::vector<Index> active(static_cast<std::size_t>(lanes.longest) + 1);
  packing.download_active(active, stream);
  Index rows = 0;
  for (const LanePlan& lane : plans) rows += lane.running();
  const gpu::PackView view = packing.view();
  std::vector<std::int32_t> order(plans.size());
  std::vector<Index> frame_of_row(static_cast<std::size_t>(rows));
  EDGEVAL_CUDA(cudaMemcpyAsync(order.data(), view.lane, order.size() * sizeof(std::int32_t),
                               cudaMemcpyDeviceToHost, stream));
  EDGEVAL_CUDA(cudaMemcpyAsync(frame_of_row.data(), view.frame_of_row,
                               frame_of_row.size() * sizeof(Index), cudaMemcpyDeviceToHost,
                               stream));
  stream.synchronize();
  std::vector<std::int32_t> expected(plans.size());
  std::iota(expected.begin(), expected.end(), 0);
  std::stable_sort(expected.begin(), expected.end(),
                   [&](int a, int b) { return plans[a].running() > plans[b].running(); });
  EXPECT_EQ(order, expected);
  std::vector<Index> frames;
  for (Index k = 0; k <= lanes.longest; ++k) {
    const std::size_t before = frames.size();
    for (std::int32_t n : expected)
      if (k < plans[n].running()) frames.push_back(input.offsets[n] + plans[n].live[k]);
    EXPECT_EQ(active[k], static_cast<Index>(frames.size() - before));
  }
  EXPECT_EQ(frame_of_row, frames);
}

TEST(GpuPlan, SkipsAndPacksAsTheCpuEngine) {
  EDGEVAL_NEEDS_GPU();
  const gpu::Stream stream;
  for (Index width : kWidths) {
    SCOPED_TRACE(width);
    Random random(static_cast<std::uint64_t>(width));
    std::vector<Index> lengths = kLengths;
    for (Index n = 0; n < 300; ++n) lengths.push_back(random.whole(0, 12));
    const Ragged<float> input = random_batch(random, lengths, width);
    gpu::LaneTable table;
    table.upload(input.offsets, stream);
    const gpu::Lanes& lanes = table.lanes();
    const auto x = on_device(input.values.view(), stream);
    gpu::DeviceMatrix<std::int16_t> q;
    q.resize_discarding(lanes.frames, width, stream);
    gpu::DeviceBuffer<FrameSimilarity> similarity;
    similarity.reserve_discarding(lanes.frames, stream);
    // Each width has another limit of successive skips.
    const double most = std::vector<double>{2, 0, 1, 3, INFINITY, 40}[static_cast<std::size_t>(
        std::ranges::find(kWidths, width) - kWidths.begin())];
    const SimilaritySkip skip{
        .threshold = 0.5, .max_consecutive = most, .shift = 10, .fraction_bits = 13};
    launch_similarity(skip.rule(), lanes, x.view(), q.view(), similarity.data(), stream);
    for (Direction direction : {Direction::kForward, Direction::kBackward}) {
      const bool backward = direction == Direction::kBackward;
      DevicePlan plan(lanes, stream);
      launch_plan_similarity(gpu::PlanRule::of(skip), lanes, similarity.data(), backward,
                             plan.view(), stream);
      const std::vector<LanePlan> expected = plan_lanes(skip, input, direction, 1);
      expect_plan(plan, expected, input, true, stream);
      expect_packed(plan, expected, lanes, input, stream);

      DevicePlan every(lanes, stream);
      launch_plan_every_step(lanes, backward, every.view(), stream);
      const std::vector<LanePlan> all = plan_lanes(EveryStep{}, input, direction, 1);
      expect_plan(every, all, input, false, stream);
      expect_packed(every, all, lanes, input, stream);
    }
  }
}

}  // namespace
}  // namespace edgeval::test
