// Kernels of the recurrence. A thread block owns one lane at one step: a thread per cell up to 256
// cells, several cells per thread beyond. Blocks of lanes that have ended leave at once. This is
// good for many lanes; with few, the step's time is the latency of its kernels and products. Lanes
// share a block where operand(h) is made. Plain LSTM cells, the most common kind, have a kernel of
// their own (lstm_step.cu).
#include "cuda/device/block.cuh"
#include "cuda/device/launch.hpp"
#include "cuda/kernel/cell.hpp"
#include "cuda/kernel/format.cuh"
#include "cuda/kernel/operand_four.cuh"
#include "cuda/kernel/step.cuh"
#include "host/core/error.hpp"
#include "host/layer/kinds.hpp"

namespace edgeval::gpu {
namespace {

constexpr int kMostThreads = 512;
constexpr int kOperandThreads = 128;
constexpr int kLeastShift = 3;  // a lane has at least 8 threads
// Kernels with a branch for every kind of cell take many registers, so they get fewer threads.
constexpr int kMostCellThreads = 256;

// 2^lane_shift threads of a block share a lane, each with four columns at a time.
template <bool kAligned, class Format, class Rule>
__global__ void __launch_bounds__(kOperandThreads, 4)
    recurrent_operand_kernel(RecurrentStep step, Index ahead, int lane_shift) {
  const int lane_threads = 1 << lane_shift, thread = threadIdx.x & (lane_threads - 1);
  const Index n = Index{blockIdx.x} * (kOperandThreads >> lane_shift) + (threadIdx.x >> lane_shift);
  const Index active = step.pack.active[step.cursor->step + ahead];
  if (Index{blockIdx.x} * (kOperandThreads >> lane_shift) >= active) return;
  const Rule rule = rule_of<Rule>(step, n < active ? n : 0);
  const int width = n < active ? static_cast<int>(step.width) : 0;
  const float* const h = step.h + n * step.h_stride;
  typename Rule::State* state = nullptr;
  if constexpr (!Rule::kIdentity) state = step.state.as<typename Rule::State>() + n * step.width;
  const auto target = Format::operand(rule, Source::kRecurrent, step.operand, n, 0);
  OperandCounts counts{0, 0};
  EDGEVAL_ROLLED
  for (int j = kFour * thread; j < width; j += kFour * lane_threads) {
    const auto access = [&] {
      if constexpr (kAligned)
        return Together{};
      else
        return OneByOne{width - j};
    }();
    auto remembered = load_states(access, rule, state + j);
    four_operands(access, rule, Source::kRecurrent,
                  four_seen(access, rule, Source::kRecurrent, h + j), remembered, from(target, j),
                  counts);
    store_states(access, rule, state + j, remembered);
  }
  // Several rows of a decoder may belong to one sentence.
  add_counts<Rule>(
      step.places->recurrent, n < active, [&] { return step.pack.lane[n]; }, counts, lane_threads,
      thread == 0 ? width : 0);
}

// kChosen: the cells take what a selection made of the sums.
template <bool kChosen, class Format, class Numbers>
__device__ auto cell_row_of(const StepLane<Format, Numbers>& lane, float* h) {
  const RecurrentStep& step = lane.step;
  const auto row = [&]<class Sums>(Sums wx, Sums uh, Sums after) {
    return RecurrentRow<Numbers, Sums>{
        .wx = wx,
        .uh = uh,
        .after = after,
        .x = step.x_stride == 0 ? nullptr : step.places->x + lane.input() * step.x_stride,
        .cells = step.cells,
        .c = lane.c(),
        .h = h};
  };
  if constexpr (kChosen) {
    using Sums = const typename Numbers::Sum*;
    return row(Sums{lane.chosen(step.chosen_wx)}, Sums{lane.chosen(step.chosen_uh)}, Sums{});
  } else {
    const Index neurons = step.gates() * step.cells;
    return row(lane.wx(neurons), lane.uh(step.type.blocks.of_sums() * step.cells),
               Format::sums(step.after, lane.n, step.cells));
  }
}

// Writes what a cell gave to the product that follows as its operand. Each thread reads only what
// it has written.
template <class Format>
__device__ void write_after_operand(CudaBlock block, const RecurrentStep& step, Index n,
                                    const float* values) {
  const auto target = Format::after_operand(step.after_operand, n);
  block.for_each(step.cells, [&](Index j) { target[j] = values[j]; });
}

template <class Format, class Numbers>
__global__ void __launch_bounds__(kMostCellThreads, 2)
    first_half_kernel(RecurrentStep step, Index ahead) {
  const Index k = step.cursor->step + ahead, n = blockIdx.x;
  if (n >= step.pack.active[k]) return;
  const CudaBlock block;
  const StepLane<Format, Numbers> lane(step, n, k);
  first_half_row(block, lane.numbers(), step.type, cell_row_of<false>(lane, lane.h()),
                 lane.before_after());
  write_after_operand<Format>(block, step, n, lane.before_after());
}

template <class Format, class Numbers, bool kChosen>
__global__ void __launch_bounds__(kMostCellThreads, 2)
    cells_kernel(RecurrentStep step, Index ahead) {
  const Index k = step.cursor->step + ahead, n = blockIdx.x;
  if (n >= step.pack.active[k]) return;
  const CudaBlock block;
  const StepLane<Format, Numbers> lane(step, n, k);
  const bool projects = step.type.form.projection > 0;
  float* const h = projects ? lane.before_after() : lane.h();
  recurrent_cell_row(block, lane.numbers(), step.type, cell_row_of<kChosen>(lane, h));
  if (projects) {
    if constexpr (!std::is_same_v<Format, QuantizedFormat>)  // which has no projection
      write_after_operand<Format>(block, step, n, h);
  } else {
    float* const output = lane.output();
    block.for_each(step.width, [&](Index j) { output[j] = h[j]; });
  }
}

template <class Format, class Numbers>
__global__ void __launch_bounds__(kMostThreads) projection_kernel(RecurrentStep step, Index ahead) {
  const Index k = step.cursor->step + ahead, n = blockIdx.x;
  if (n >= step.pack.active[k]) return;
  const StepLane<Format, Numbers> lane(step, n, k);
  const auto sums = Format::sums(step.after, n, step.width);
  const Numbers& numbers = lane.numbers();
  float *const h = lane.h(), *const output = lane.output();
  CudaBlock{}.for_each(step.width,
                       [&](Index p) { output[p] = h[p] = numbers.projected(sums[p], p); });
}

__global__ void set_cursor_kernel(StepCursor* cursor, StepCursor value) { *cursor = value; }
__global__ void advance_cursor_kernel(StepCursor* cursor, Index steps) { cursor->step += steps; }

}  // namespace

void launch_set_cursor(StepCursor* cursor, StepCursor value, cudaStream_t stream) {
  launch(stream, set_cursor_kernel, {1}, 1, cursor, value);
}

void launch_advance_cursor(StepCursor* cursor, Index steps, cudaStream_t stream) {
  launch(stream, advance_cursor_kernel, {1}, 1, cursor, steps);
}

void launch_recurrent_operand(const LayerPolicy& policy, const RecurrentStep& step, Index lanes,
                              Index ahead, cudaStream_t stream) {
  if (lanes == 0) return;
  const int shift = fewest_idle_shift(step.width, kLeastShift);
  const bool aligned = step.width % kFour == 0 && starts_aligned(step.h, step.h_stride) &&
                       starts_aligned(step.operand);
  with_rule(policy, [&]<class Format, class Rule>(Format, const Rule&) {
    const auto kernel = aligned ? recurrent_operand_kernel<true, Format, Rule>
                                : recurrent_operand_kernel<false, Format, Rule>;
    launch(stream, kernel, {blocks_of(lanes, kOperandThreads >> shift)}, kOperandThreads, step,
           ahead, shift);
  });
}

void launch_first_half(const LayerPolicy& policy, const RecurrentStep& step, Index lanes,
                       Index ahead, cudaStream_t stream) {
  if (lanes == 0) return;
  with_numbers(policy, [&]<class Format, class Numbers>(Types<Format, Numbers>) {
    const int threads = threads_for(step.cells, kMostCellThreads);
    launch(stream, first_half_kernel<Format, Numbers>, {lanes}, threads, step, ahead);
  });
}

void launch_cells(const LayerPolicy& policy, const RecurrentStep& step, Index lanes, Index ahead,
                  cudaStream_t stream) {
  if (lanes == 0) return;
  const int threads = threads_for(step.cells, kMostCellThreads);
  if (eight_bits_of_floats(policy)) {
    with_numbers_of<QuantizedFormat>(policy, [&]<class Numbers>(Types<QuantizedFormat, Numbers>) {
      launch(stream, cells_kernel<QuantizedFormat, Numbers, true>, {lanes}, threads, step, ahead);
    });
    return;
  }
  with_numbers(policy, [&]<class Format, class Numbers>(Types<Format, Numbers>) {
    const auto kernel = step.chosen_wx.data ? cells_kernel<Format, Numbers, true>
                                            : cells_kernel<Format, Numbers, false>;
    launch(stream, kernel, {lanes}, threads, step, ahead);
  });
}

void launch_projection(const LayerPolicy& policy, const RecurrentStep& step, Index lanes,
                       Index ahead, cudaStream_t stream) {
  if (lanes == 0) return;
  with_numbers(policy, [&]<class Format, class Numbers>(Types<Format, Numbers>) {
    const int threads = threads_for(step.width, kMostThreads);
    launch(stream, projection_kernel<Format, Numbers>, {lanes}, threads, step, ahead);
  });
}

}  // namespace edgeval::gpu
