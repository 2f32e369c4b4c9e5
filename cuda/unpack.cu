// Kernels of unpacking: a thread block owns one lane and up to 128 columns and walks along its
// frames, so rows are copied in the order in which they were computed. The linear layer's: a thread
// block per frame.
#include "cuda/block.cuh"
#include "cuda/format.cuh"
#include "cuda/launch.hpp"
#include "cuda/unpack.hpp"
#include "host/core/error.hpp"
#include "host/engine/body/unpack.hpp"

namespace edgeval::gpu {
namespace {

constexpr Index kColumns = 128;

__global__ void unpack_kernel(Lanes lanes, PlanView plan, bool backward, DeviceView<float> output) {
  const Index lane = blockIdx.x;
  const Index begin = lanes.begin[lane], steps = lanes.begin[lane + 1] - begin;
  const Index column = blockIdx.y * kColumns;
  const Index width = output.cols - column < kColumns ? output.cols - column : kColumns;
  unpack_lane(CudaBlock{},
              MatrixView<float>{output.row(begin) + column, steps, width, output.stride},
              plan.live + begin, plan.running[lane], backward);
}

template <class Format>
__global__ void linear_kernel(LinearFinish task) {
  const Index r = blockIdx.x;
  if (task.rows != nullptr && r >= *task.rows) return;
  using Numbers = typename Format::Numbers;
  const auto product = Format::sums(task.products, r, task.y.cols);
  const LinearRow<Numbers, std::remove_const_t<decltype(product)>> row{
      .product = product, .outputs = task.y.cols, .range = task.range, .y = task.y.row(r)};
  const Numbers& numbers = *reinterpret_cast<const Numbers*>(task.numbers);
  if (task.end == LinearEnd::kTanh)
    tanh_row(CudaBlock{}, numbers, row);
  else
    linear_row(CudaBlock{}, numbers, row);
}

}  // namespace

void launch_unpack(const Lanes& lanes, const PlanView& plan, bool backward,
                   DeviceView<float> output, cudaStream_t stream) {
  if (lanes.count == 0 || output.cols == 0) return;
  const Blocks grid{lanes.count, blocks_of(output.cols, kColumns)};
  launch(stream, unpack_kernel, grid, threads_for(output.cols, static_cast<int>(kColumns)), lanes,
         plan, backward, output);
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

}  // namespace edgeval::gpu
