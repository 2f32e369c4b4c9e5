// Kernels at the end of a layer. When unpacking, a warp owns some of the frames of one lane that
// ran and copies each over the skipped ones behind it. At the end of a linear layer a thread block
// owns a frame. A warp copies a row without padding; a thread finds the greatest value of a row.
#include <algorithm>

#include "cuda/device/block.cuh"
#include "cuda/device/launch.hpp"
#include "cuda/kernel/format.cuh"
#include "cuda/kernel/unpack.hpp"
#include "host/body/greatest.hpp"
#include "host/body/unpack.hpp"
#include "host/core/error.hpp"

namespace edgeval::gpu {
namespace {

constexpr Index kFrames = 16;          // frames of a warp
constexpr Index kLargestGrid = 65535;  // in y
constexpr int kGreatestThreads = 128;  // one a row: a frame has few outputs, a batch many frames
constexpr int kRowsOfBlock = 8;        // rows that a block copies, each by a warp

// A block is one warp.
__global__ void __launch_bounds__(kWarp) unpack_kernel(Lanes lanes, PlanView plan, bool backward,
                                                       DeviceView<float> output, Index frames) {
  const Index lane = blockIdx.x, first = blockIdx.y * frames, running = plan.running[lane];
  if (first >= running) return;
  const Index begin = lanes.begin[lane], steps = lanes.begin[lane + 1] - begin;
  unpack_lane(CudaBlock{}, MatrixView<float>{output.row(begin), steps, output.cols, output.stride},
              plan.live + begin, running, backward, first,
              first + frames < running ? first + frames : running);
}

template <class Format>
__global__ void linear_kernel(LinearFinish task) {
  const Index r = blockIdx.x;
  if (task.rows != nullptr && r >= *task.rows) return;
  using Numbers = typename Format::Numbers;
  const auto product = Format::sums(task.products, r, task.y.cols);
  const LinearRow<Numbers, std::remove_const_t<decltype(product)>> row{
      .product = product, .outputs = task.y.cols, .range = task.range, .y = task.y.row(r)};
  const Numbers& numbers = task.numbers.as<Numbers>();
  if (task.end == LinearEnd::kTanh)
    tanh_row(CudaBlock{}, numbers, row);
  else
    linear_row(CudaBlock{}, numbers, row);
}

__global__ void __launch_bounds__(kRowsOfBlock* kWarp)
    remove_padding_kernel(DeviceView<const float> from, float* to) {
  const Index r = Index{blockIdx.x} * kRowsOfBlock + threadIdx.x / kWarp;
  if (r >= from.rows) return;
  for (Index c = threadIdx.x % kWarp; c < from.cols; c += kWarp)
    to[r * from.cols + c] = from.row(r)[c];
}

__global__ void greatest_kernel(DeviceView<const float> rows, std::int32_t* best) {
  const Index r = Index{blockIdx.x} * blockDim.x + threadIdx.x;
  if (r < rows.rows) best[r] = first_greatest(rows.row(r), rows.cols);
}

}  // namespace

void launch_unpack(const Lanes& lanes, const PlanView& plan, bool backward,
                   DeviceView<float> output, cudaStream_t stream) {
  if (lanes.count == 0 || lanes.longest == 0 || output.cols == 0) return;
  const Index frames = std::max(kFrames, blocks_of(lanes.longest, kLargestGrid));
  launch(stream, unpack_kernel, {lanes.count, blocks_of(lanes.longest, frames)}, kWarp, lanes, plan,
         backward, output, frames);
}

void launch_linear(const Arithmetic& arithmetic, const LinearFinish& task, cudaStream_t stream) {
  EDGEVAL_ASSERT(task.end != LinearEnd::kLogSoftmax);  // beam.hpp has it
  if (task.y.rows == 0 || task.y.cols == 0) return;
  std::visit(
      [&](const auto& choice) {
        using Format = decltype(format_of(choice));
        launch(stream, linear_kernel<Format>, {task.y.rows}, threads_for(task.y.cols), task);
      },
      arithmetic);
}

void launch_greatest(DeviceView<const float> rows, std::int32_t* best, cudaStream_t stream) {
  EDGEVAL_ASSERT(rows.cols > 0);
  if (rows.rows == 0) return;
  launch(stream, greatest_kernel, {blocks_of(rows.rows, kGreatestThreads)}, kGreatestThreads, rows,
         best);
}

void launch_remove_padding(DeviceView<const float> from, float* to, cudaStream_t stream) {
  if (from.rows == 0 || from.cols == 0) return;
  launch(stream, remove_padding_kernel, {blocks_of(from.rows, kRowsOfBlock)}, kRowsOfBlock * kWarp,
         from, to);
}

}  // namespace edgeval::gpu
