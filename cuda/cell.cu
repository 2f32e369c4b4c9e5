// Kernels of the recurrence. A thread block owns one lane at one step: a thread per cell up to 512
// (plain LSTM) or 256 cells, several cells per thread beyond. Blocks of lanes that have ended leave
// at once. Good for many lanes; with few, the step's time is the latency of its kernels and
// products. Plain LSTM cells, the most common, have a kernel that makes the next operand as well.
#include "cuda/block.cuh"
#include "cuda/cell.hpp"
#include "cuda/format.cuh"
#include "host/engine/body/operand.hpp"
#include "host/engine/body/recurrent_cell.hpp"

namespace edgeval::gpu {
namespace {

constexpr int kMostThreads = 512;
constexpr int kMostCellThreads = 256;  // of kernels with a branch for every kind of cell: registers

template <class Format, class Rule>
__device__ void recurrent_operand(CudaBlock block, const RecurrentStep& step, Index n) {
  typename Rule::State* state = nullptr;
  if constexpr (!Rule::kIdentity)
    state = reinterpret_cast<typename Rule::State*>(step.state) + n * step.width;
  const Rule& rule = *reinterpret_cast<const Rule*>(step.rule);
  const OperandCounts counts =
      operand_row(block, rule, Source::kRecurrent, step.h + n * step.h_stride, step.width, state,
                  Format::operand(rule, Source::kRecurrent, step.operand, n, 0));
  // No other block counts for this lane in this launch.
  block.once([&] {
    step.totals.changed[step.pack.lane[n]] += static_cast<unsigned long long>(counts.changed);
    step.totals.zero[step.pack.lane[n]] += static_cast<unsigned long long>(counts.zero);
  });
}

template <class Format, class Rule>
__global__ void __launch_bounds__(kMostThreads)
    recurrent_operand_kernel(RecurrentStep step, Index ahead) {
  const Index n = blockIdx.x;
  if (n < step.pack.active[step.cursor->step + ahead])
    recurrent_operand<Format, Rule>(CudaBlock{}, step, n);
}

// The lane at position n of step k: its row of the chunk, its frame, its memory.
template <class Format, class Numbers>
struct StepLane {
  const RecurrentStep& step;
  Index n, row;

  __device__ StepLane(const RecurrentStep& s, Index lane, Index k)
      : step(s), n(lane), row(s.pack.offset[k] + lane) {}
  __device__ Index frame() const { return step.pack.frame_of_row[row]; }
  __device__ auto wx(Index width) const {
    return Format::sums(step.wx, row - step.cursor->first_row, width);
  }
  __device__ const Numbers& numbers() const {
    return *reinterpret_cast<const Numbers*>(step.numbers);
  }
  __device__ auto c() const {
    using State = typename Numbers::State;
    static_assert(sizeof(State) == kStateBytes);
    return reinterpret_cast<State*>(step.c) + n * step.c_stride;
  }
  __device__ float* h() const { return step.h + n * step.h_stride; }
  __device__ float* before_after() const { return step.before_after + n * step.c_stride; }
  __device__ float* output() const { return step.output + frame() * step.output_stride; }
};

template <class Format, class Numbers, class Rule>
__global__ void __launch_bounds__(kMostThreads)
    lstm_step_kernel(RecurrentStep step, Index ahead) {
  const Index k = step.cursor->step + ahead;
  const Index n = blockIdx.x;
  if (n >= step.pack.active[k]) return;
  const CudaBlock block;
  const StepLane<Format, Numbers> lane(step, n, k);
  const auto wx = lane.wx(4 * step.cells);
  cell_row(block, lane.numbers(),
           CellRow<Numbers, std::remove_const_t<decltype(wx)>>{
               .wx = wx,
               .uh = Format::sums(step.uh, n, 4 * step.cells),
               .cells = step.cells,
               .c = lane.c(),
               .h = lane.h(),
               .output = lane.output()});
  if (n >= step.pack.active[k + 1]) return;
  block.synchronize();
  recurrent_operand<Format, Rule>(block, step, n);
}

template <class Format, class Numbers>
__device__ auto cell_row_of(const StepLane<Format, Numbers>& lane, float* h) {
  const RecurrentStep& step = lane.step;
  const bool gru = step.kind == LayerKind::kGru;
  const Index gates = step.kind == LayerKind::kLstm || step.highway_matrix ? 4 : 3;
  const auto wx = lane.wx(gates * step.cells);
  return RecurrentRow<Numbers, std::remove_const_t<decltype(wx)>>{
      .wx = wx,
      .uh = Format::sums(step.uh, lane.n, (gru && step.form.reset_before ? 2 : gates) * step.cells),
      .after = Format::sums(step.after, lane.n, step.cells),
      .x = step.x == nullptr ? nullptr : step.x + lane.frame() * step.x_stride,
      .cells = step.cells,
      .c = lane.c(),
      .h = h};
}

// What a cell gave to the product that follows, as its operand. Each thread reads what it wrote.
template <class Format>
__device__ void write_after_operand(CudaBlock block, const RecurrentStep& step, Index n,
                                    const float* values) {
  const auto target = Format::after_operand(step.after_operand, n);
  block.for_each(step.cells, [&](Index j) { target[j] = values[j]; });
}

template <class Format, class Numbers>
__global__ void __launch_bounds__(kMostCellThreads) reset_kernel(RecurrentStep step, Index ahead) {
  const Index k = step.cursor->step + ahead, n = blockIdx.x;
  if (n >= step.pack.active[k]) return;
  const CudaBlock block;
  const StepLane<Format, Numbers> lane(step, n, k);
  gru_reset_row(block, lane.numbers(), cell_row_of(lane, lane.h()), lane.before_after());
  write_after_operand<Format>(block, step, n, lane.before_after());
}

template <class Format, class Numbers>
__global__ void __launch_bounds__(kMostCellThreads) cells_kernel(RecurrentStep step, Index ahead) {
  const Index k = step.cursor->step + ahead, n = blockIdx.x;
  if (n >= step.pack.active[k]) return;
  const CudaBlock block;
  const StepLane<Format, Numbers> lane(step, n, k);
  const bool projects = step.form.projection > 0;
  float* const h = projects ? lane.before_after() : lane.h();
  recurrent_cell_row(block, lane.numbers(), step.kind, step.form, step.highway_matrix,
                     cell_row_of(lane, h));
  if (projects) {
    write_after_operand<Format>(block, step, n, h);
  } else {
    float* const output = lane.output();
    block.for_each(step.width, [&](Index j) { output[j] = h[j]; });
  }
}

template <class Format, class Numbers>
__global__ void __launch_bounds__(kMostThreads)
    projection_kernel(RecurrentStep step, Index ahead) {
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

unsigned blocks(Index lanes) { return static_cast<unsigned>(lanes); }

}  // namespace

void launch_set_cursor(StepCursor* cursor, StepCursor value, cudaStream_t stream) {
  set_cursor_kernel<<<1, 1, 0, stream>>>(cursor, value);
  EDGEVAL_LAUNCHED(stream);
}

void launch_advance_cursor(StepCursor* cursor, Index steps, cudaStream_t stream) {
  advance_cursor_kernel<<<1, 1, 0, stream>>>(cursor, steps);
  EDGEVAL_LAUNCHED(stream);
}

void launch_recurrent_operand(const LayerPolicy& policy, const RecurrentStep& step, Index lanes,
                              Index ahead, cudaStream_t stream) {
  if (lanes == 0) return;
  with_rule(policy, [&]<class Format, class Rule>(Format, const Rule&) {
    const int threads = threads_for(step.width, kMostThreads);
    recurrent_operand_kernel<Format, Rule><<<blocks(lanes), threads, 0, stream>>>(step, ahead);
    EDGEVAL_LAUNCHED(stream);
  });
}

void launch_lstm_step(const LayerPolicy& policy, const RecurrentStep& step, Index lanes,
                      Index ahead, cudaStream_t stream) {
  if (lanes == 0) return;
  with_rule(policy, [&]<class Format, class Rule>(Format, const Rule&) {
    with_numbers_of<Format>(policy, [&]<class Numbers>(Types<Format, Numbers>) {
      const int threads = threads_for(step.cells, kMostThreads);
      lstm_step_kernel<Format, Numbers, Rule><<<blocks(lanes), threads, 0, stream>>>(step, ahead);
      EDGEVAL_LAUNCHED(stream);
    });
  });
}

void launch_reset(const LayerPolicy& policy, const RecurrentStep& step, Index lanes, Index ahead,
                  cudaStream_t stream) {
  if (lanes == 0) return;
  with_numbers(policy, [&]<class Format, class Numbers>(Types<Format, Numbers>) {
    const int threads = threads_for(step.cells, kMostCellThreads);
    reset_kernel<Format, Numbers><<<blocks(lanes), threads, 0, stream>>>(step, ahead);
    EDGEVAL_LAUNCHED(stream);
  });
}

void launch_cells(const LayerPolicy& policy, const RecurrentStep& step, Index lanes, Index ahead,
                  cudaStream_t stream) {
  if (lanes == 0) return;
  with_numbers(policy, [&]<class Format, class Numbers>(Types<Format, Numbers>) {
    const int threads = threads_for(step.cells, kMostCellThreads);
    cells_kernel<Format, Numbers><<<blocks(lanes), threads, 0, stream>>>(step, ahead);
    EDGEVAL_LAUNCHED(stream);
  });
}

void launch_projection(const LayerPolicy& policy, const RecurrentStep& step, Index lanes,
                       Index ahead, cudaStream_t stream) {
  if (lanes == 0) return;
  with_numbers(policy, [&]<class Format, class Numbers>(Types<Format, Numbers>) {
    const int threads = threads_for(step.width, kMostThreads);
    projection_kernel<Format, Numbers><<<blocks(lanes), threads, 0, stream>>>(step, ahead);
    EDGEVAL_LAUNCHED(stream);
  });
}

}  // namespace edgeval::gpu
