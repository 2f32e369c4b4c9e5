// Kernels of the recurrence. A thread block owns one lane at one step: a thread per cell up to 512
// cells, several cells per thread beyond. Blocks of lanes that have ended leave at once. Good for
// many lanes; with few, the step's time is the latency of two kernels and a product.
#include "cuda/block.cuh"
#include "cuda/cell.hpp"
#include "host/engine/body/cell.hpp"
#include "host/engine/body/operand.hpp"

namespace edgeval::gpu {
namespace {

constexpr int kMostThreads = 512;

template <class Rule>
__device__ void recurrent_operand(CudaBlock block, const RecurrentStep& step, Index n) {
  typename Rule::State* state = nullptr;
  if constexpr (!Rule::kIdentity)
    state = reinterpret_cast<typename Rule::State*>(step.state) + n * step.cells;
  const OperandCounts counts = operand_row(block, *reinterpret_cast<const Rule*>(step.rule),
                                           Source::kRecurrent, step.h + n * step.cell_stride,
                                           step.cells, state, step.operand + n * step.cell_stride);
  // No other block counts for this lane in this launch.
  block.once([&] {
    step.totals.changed[step.pack.lane[n]] += static_cast<unsigned long long>(counts.changed);
    step.totals.zero[step.pack.lane[n]] += static_cast<unsigned long long>(counts.zero);
  });
}

template <class Rule>
__global__ void __launch_bounds__(kMostThreads) first_operand_kernel(RecurrentStep step) {
  recurrent_operand<Rule>(CudaBlock{}, step, blockIdx.x);
}

template <class Rule>
__global__ void __launch_bounds__(kMostThreads)
    recurrent_step_kernel(RecurrentStep step, Index ahead) {
  const Index k = step.cursor->step + ahead;
  const Index n = blockIdx.x;
  if (n >= step.pack.active[k]) return;
  const CudaBlock block;
  const Index row = step.pack.offset[k] + n;
  cell_row(block, FloatNumbers{step.bias},
           CellRow<FloatNumbers>{
               .wx = step.wx + (row - step.cursor->first_row) * step.gate_stride,
               .uh = step.uh + n * step.gate_stride,
               .cells = step.cells,
               .c = step.c + n * step.cell_stride,
               .h = step.h + n * step.cell_stride,
               .output = step.output + step.pack.frame_of_row[row] * step.output_stride});
  if (n >= step.pack.active[k + 1]) return;
  block.synchronize();
  recurrent_operand<Rule>(block, step, n);
}

__global__ void set_cursor_kernel(StepCursor* cursor, StepCursor value) { *cursor = value; }
__global__ void advance_cursor_kernel(StepCursor* cursor, Index steps) { cursor->step += steps; }

template <class Launch>
void with_rule(const OperandChoice& choice, const Launch& launch) {
  std::visit([&](const auto& operand) { launch(operand.rule()); }, choice);
}

}  // namespace

std::vector<std::byte> rule_bytes(const OperandChoice& choice) {
  std::vector<std::byte> bytes;
  with_rule(choice, [&](const auto& rule) {
    static_assert(std::is_trivially_copyable_v<std::remove_cvref_t<decltype(rule)>>,
                  "rules travel as bytes");
    const auto* first = reinterpret_cast<const std::byte*>(&rule);
    bytes.assign(first, first + sizeof rule);
  });
  return bytes;
}

void launch_first_operand(const OperandChoice& choice, const RecurrentStep& step, Index lanes,
                          cudaStream_t stream) {
  if (lanes == 0) return;
  with_rule(choice, [&](const auto& rule) {
    using Rule = std::remove_cvref_t<decltype(rule)>;
    first_operand_kernel<Rule>
        <<<static_cast<unsigned>(lanes), threads_for(step.cells, kMostThreads), 0, stream>>>(step);
    EDGEVAL_LAUNCHED(stream);
  });
}

void launch_recurrent_step(const OperandChoice& choice, const RecurrentStep& step, Index lanes,
                           Index ahead, cudaStream_t stream) {
  if (lanes == 0) return;
  with_rule(choice, [&](const auto& rule) {
    using Rule = std::remove_cvref_t<decltype(rule)>;
    recurrent_step_kernel<Rule>
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
