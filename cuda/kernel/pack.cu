// Packs lanes. A radix sort orders them by live steps; it is stable, so ties stay in the order of
// lane numbers. The number of active lanes of each step is found by bisection in the sorted steps,
// one thread per step, and a scan adds these numbers up. One thread block per lane writes the table
// of rows.
#include <cub/device/device_radix_sort.cuh>
#include <cub/device/device_scan.cuh>

#include "cuda/device/block.cuh"
#include "cuda/device/launch.hpp"
#include "cuda/kernel/pack.hpp"

namespace edgeval::gpu {
namespace {

constexpr int kThreads = 256;

__global__ void number_kernel(std::int32_t* numbers, Index count) {
  const Index i = static_cast<Index>(blockIdx.x) * blockDim.x + threadIdx.x;
  if (i < count) numbers[i] = static_cast<std::int32_t>(i);
}

// Writes to active[k] the number of lanes with more than k live steps, for k in [0, longest].
__global__ void active_kernel(const std::int32_t* steps, Index lanes, Index longest,
                              Index* active) {
  const Index k = static_cast<Index>(blockIdx.x) * blockDim.x + threadIdx.x;
  if (k > longest) return;
  Index low = 0, high = lanes;  // steps[n] > k for n < low, but not for n >= high
  while (low < high) {
    const Index middle = (low + high) / 2;
    if (steps[middle] > k)
      low = middle + 1;
    else
      high = middle;
  }
  active[k] = low;
}

// The memory behind the tables that rows_kernel writes; the last two may be null.
struct RowTables {
  Index *frame_of_row, *input_of_row;
  std::int32_t* rule;
};

__global__ void rows_kernel(Lanes lanes, const std::int32_t* live, PackView pack,
                            RowTables tables) {
  const Index n = blockIdx.x, lane = pack.lane[n];
  const Index begin = lanes.begin[lane], input = lanes.input_begin(lane);
  const CudaBlock block;
  block.for_each(pack.steps[n], [&](Index k) {
    const Index row = pack.offset[k] + n, frame = live[begin + k];
    tables.frame_of_row[row] = begin + frame;
    if (tables.input_of_row != nullptr) tables.input_of_row[row] = input + frame;
  });
  if (tables.rule != nullptr) block.once([&] { tables.rule[n] = lanes.rule[lane]; });
}

}  // namespace

void Packing::reserve(const Lanes& lanes, cudaStream_t stream) {
  numbers_.reserve_discarding(lanes.count, stream);
  lane_.reserve_discarding(lanes.count, stream);
  steps_.reserve_discarding(lanes.count, stream);
  active_.reserve_discarding(lanes.longest + 1, stream);
  offset_.reserve_discarding(lanes.longest + 1, stream);
  frame_of_row_.reserve_discarding(lanes.frames, stream);
  has_inputs_ = lanes.input != nullptr;
  has_rules_ = lanes.rule != nullptr;
  if (has_inputs_) input_of_row_.reserve_discarding(lanes.frames, stream);
  if (has_rules_) rule_.reserve_discarding(lanes.count, stream);
  // Without memory, these calls of CUB only return how much they need.
  EDGEVAL_CUDA(cub::DeviceRadixSort::SortPairsDescending(
      nullptr, sort_bytes_, steps_.data(), steps_.data(), numbers_.data(), lane_.data(),
      static_cast<int>(lanes.count), 0, 32, stream));
  EDGEVAL_CUDA(cub::DeviceScan::ExclusiveSum(nullptr, scan_bytes_, active_.data(), offset_.data(),
                                             lanes.longest + 1, stream));
  scratch_.reserve_discarding(static_cast<Index>(std::max(sort_bytes_, scan_bytes_)), stream);
}

void Packing::pack(const Lanes& lanes, const PlanView& plan, cudaStream_t stream) {
  if (lanes.count == 0) return;
  const int count = static_cast<int>(lanes.count);
  launch(stream, number_kernel, {blocks_of(count, kThreads)}, kThreads, numbers_.data(), count);
  EDGEVAL_CUDA(cub::DeviceRadixSort::SortPairsDescending(scratch_.data(), sort_bytes_, plan.running,
                                                         steps_.data(), numbers_.data(),
                                                         lane_.data(), count, 0, 32, stream));
  launch(stream, active_kernel, {blocks_of(lanes.longest + 1, kThreads)}, kThreads, steps_.data(),
         lanes.count, lanes.longest, active_.data());
  EDGEVAL_CUDA(cub::DeviceScan::ExclusiveSum(scratch_.data(), scan_bytes_, active_.data(),
                                             offset_.data(), lanes.longest + 1, stream));
  launch(stream, rows_kernel, {count}, kThreads, lanes, plan.live, view(),
         RowTables{frame_of_row_.data(), has_inputs_ ? input_of_row_.data() : nullptr,
                   has_rules_ ? rule_.data() : nullptr});
}

}  // namespace edgeval::gpu
