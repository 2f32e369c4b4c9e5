// Kernels of the recurrence. A thread block owns one lane at one step: a thread per cell up to 512
// cells, several cells per thread beyond. Blocks of lanes that have ended leave at once. Good for
// many lanes; with few, the step's time is the latency of two kernels and a product.
#include "cuda/block.cuh"
#include "cuda/cell.hpp"
#include "cuda/format.cuh"
#include "host/engine/body/cell.hpp"
#include "host/engine/body/operand.hpp"

namespace edgeval::gpu {
namespace {

constexpr int kMostThreads = 512;

template <class Format, class Rule>
__device__ void recurrent_operand(CudaBlock block, const RecurrentStep& step, Index n) {
  typename Rule::State* state = nullptr;
  if constexpr (!Rule::kIdentity)
    state = reinterpret_cast<typename Rule::State*>(step.state) + n * step.cells;
  const Rule& rule = *reinterpret_cast<const Rule*>(step.rule);
  const OperandCounts counts =
      operand_row(block, rule, Source::kRecurrent, step.h + n * step.cell_stride, step.cells, state,
                  Format::operand(rule, Source::kRecurrent, step.operand, n, 0));
  // No other block counts for this lane in this launch.
  block.once([&] {
    step.totals.changed[step.pack.lane[n]] += static_cast<unsigned long long>(counts.changed);
    step.totals.zero[step.pack.lane[n]] += static_cast<unsigned long long>(counts.zero);
  });
}

template <class Format, class Rule>
__global__ void __launch_bounds__(kMostThreads) first_operand_kernel(RecurrentStep step) {
  recurrent_operand<Format, Rule>(CudaBlock{}, step, blockIdx.x);
}

template <class Format, class Numbers, class Rule>
__global__ void __launch_bounds__(kMostThreads)
    recurrent_step_kernel(RecurrentStep step, Index ahead) {
  const Index k = step.cursor->step + ahead;
  const Index n = blockIdx.x;
  if (n >= step.pack.active[k]) return;
  const CudaBlock block;
  const Index row = step.pack.offset[k] + n;
  const auto wx = Format::sums(step.wx, row - step.cursor->first_row, 4 * step.cells);
  using State = typename Numbers::State;
  static_assert(sizeof(State) == kStateBytes);
  cell_row(block, *reinterpret_cast<const Numbers*>(step.numbers),
           CellRow<Numbers, std::remove_const_t<decltype(wx)>>{
               .wx = wx,
               .uh = Format::sums(step.uh, n, 4 * step.cells),
               .cells = step.cells,
               .c = reinterpret_cast<State*>(step.c) + n * step.cell_stride,
               .h = step.h + n * step.cell_stride,
               .output = step.output + step.pack.frame_of_row[row] * step.output_stride});
  if (n >= step.pack.active[k + 1]) return;
  block.synchronize();
  recurrent_operand<Format, Rule>(block, step, n);
}

__global__ void set_cursor_kernel(StepCursor* cursor, StepCursor value) { *cursor = value; }
__global__ void advance_cursor_kernel(StepCursor* cursor, Index steps) { cursor->step += steps; }

}  // namespace

void launch_first_operand(const LayerPolicy& policy, const RecurrentStep& step, Index lanes,
                          cudaStream_t stream) {
  if (lanes == 0) return;
  with_rule(policy, [&]<class Format, class Rule>(Format, const Rule&) {
    first_operand_kernel<Format, Rule>
        <<<static_cast<unsigned>(lanes), threads_for(step.cells, kMostThreads), 0, stream>>>(step);
    EDGEVAL_LAUNCHED(stream);
  });
}

void launch_recurrent_step(const LayerPolicy& policy, const RecurrentStep& step, Index lanes,
                           Index ahead, cudaStream_t stream) {
  if (lanes == 0) return;
  with_cell(policy, [&]<class Format, class Numbers, class Rule>(Types<Format, Numbers, Rule>) {
    recurrent_step_kernel<Format, Numbers, Rule>
        <<<static_cast<unsigned>(lanes), threads_for(step.cells, kMostThreads), 0, stream>>>(step,
                                                                                             ahead);
    EDGEVAL_LAUNCHED(stream);
  });
}

void launch_set_cursor(StepCursor* cursor, StepCursor value, cudaStream_t stream) {
  set_cursor_kernel<<<1, 1, 0, stream>>>(cursor, value);
  EDGEVAL_LAUNCHED(stream);
}

void launch_advance_cursor(StepCursor* cursor, Index steps, cudaStream_t stream) {
  advance_cursor_kernel<<<1, 1, 0, stream>>>(cursor, steps);
  EDGEVAL_LAUNCHED(stream);
}

}  // namespace edgeval::gpu
