// Kernels of the pseudo-skips. For operand(x) a thread block owns one lane and up to 128 of its
// columns and walks along the steps of a chunk. For operand(h) and the sums a thread block owns one
// lane at one step. One thread alone touches an element, or the memory of a neuron.
#include "cuda/device/block.cuh"
#include "cuda/device/launch.hpp"
#include "cuda/kernel/format.cuh"
#include "cuda/kernel/pseudo.hpp"
#include "cuda/kernel/step.cuh"
#include "host/body/pseudo.hpp"

namespace edgeval::gpu {
namespace {

constexpr Index kColumns = 128;
constexpr int kMostThreads = 256;
// A multiprocessor should hold at least so many blocks; for 8 the compiler would spill registers.
constexpr int kOperandBlocks = 6;

// Returns where the digits of one row's codes are written, from a column on. Their scale is 1.
template <int Digits>
__device__ DigitTarget<Digits> codes(OperandRows rows, Index row, Index column) {
  return {rows.data.as<std::int8_t>() + row * Digits * rows.stride + column, rows.stride, 1};
}

__device__ OperandCounts pseudo_operand(CudaBlock block, const PseudoRule& rule, bool pseudo,
                                        const PseudoHalf& half, const float* value, Index width,
                                        Index position, Index row, Index column) {
  const auto full = codes<2>(half.full, row, column), wide = codes<2>(half.wide, row, column);
  const auto delta = codes<1>(half.delta, row, column);
  const bool has_wide = bool{half.wide.data};
  return pseudo_operand_row(block, rule, pseudo, value, width,
                            half.reference + position * half.width + column,
                            [&](Index i, const PseudoRule::Elements& elements) {
                              full[i] = static_cast<float>(lower_word(elements.full));
                              if (has_wide) wide[i] = static_cast<float>(upper_word(elements.full));
                              delta[i] = static_cast<float>(elements.delta);
                            });
}

// Counts of the elements that a block has seen.
struct PseudoCounts {
  unsigned long long changed = 0, zero = 0, at_pseudo = 0;
  __device__ void add(const OperandCounts& counts, bool pseudo) {
    changed += static_cast<unsigned long long>(counts.changed);
    zero += static_cast<unsigned long long>(counts.zero);
    at_pseudo += static_cast<unsigned long long>(pseudo ? counts.changed : 0);
  }
  __device__ void add_to(const OperandTotals& totals, unsigned long long* elements,
                         Index lane) const {
    atomicAdd(totals.changed + lane, changed);
    atomicAdd(totals.zero + lane, zero);
    atomicAdd(elements + lane, at_pseudo);
  }
};

__global__ void __launch_bounds__(kColumns)
    pseudo_input_kernel(PseudoStep step, PackView pack, InputOperand input) {
  const Index n = blockIdx.x, column = blockIdx.y * kColumns;
  const Index rest = input.x.cols - column, width = rest < kColumns ? rest : kColumns;
  const Index steps = pack.steps[n], end = steps < input.end_step ? steps : input.end_step;
  const CudaBlock block;
  PseudoCounts counts;
  for (Index k = input.first_step; k < end; ++k) {
    const Index packed = pack.offset[k] + n, row = packed - input.first_row;
    const Index frame = pack.frame_of_row[packed];
    const bool pseudo = step.mode[frame] == StepMode::kPseudo;
    const float* const value =
        input.x.row(input.gathered ? row : pack.input_of_row[packed]) + column;
    counts.add(pseudo_operand(block, step.rules->x, pseudo, step.x, value, width, n, row, column),
               pseudo);
  }
  block.once([&] { counts.add_to(step.places->input, step.places->at_pseudo, pack.lane[n]); });
}

// The format does not matter: only addresses are asked for.
using Lane = StepLane<FixedFormat<16>, FixedFormat<16>::Numbers>;

__global__ void __launch_bounds__(kMostThreads, kOperandBlocks)
    pseudo_operand_kernel(PseudoStep pseudo, RecurrentStep step, Index ahead) {
  const Index k = step.cursor->step + ahead, n = blockIdx.x;
  if (n >= step.pack.active[k]) return;
  const CudaBlock block;
  const Lane lane(step, n, k);
  const bool is_pseudo = pseudo.mode[lane.frame()] == StepMode::kPseudo;
  PseudoCounts counts;
  counts.add(
      pseudo_operand(block, pseudo.rules->h, is_pseudo, pseudo.h, lane.h(), step.width, n, n, 0),
      is_pseudo);
  block.once(
      [&] { counts.add_to(step.places->recurrent, step.places->at_pseudo, step.pack.lane[n]); });
}

// A row of one half's exact sums: those of digits and of signed bytes, and the offsets that the
// former lack.
struct PseudoProducts {
  DigitSums full_sums, wide_sums;
  bool has_wide;
  const std::int32_t* delta_sums;
  const std::int64_t* offsets;

  static __device__ PseudoProducts of(const PseudoHalf& half, Index row, Index neurons) {
    return {FixedFormat<16>::sums(half.full_sums, row, neurons),
            FixedFormat<16>::sums(half.wide_sums, row, neurons), bool{half.wide_sums.data},
            FixedFormat<8>::sums(half.delta_sums, row, neurons), half.offsets};
  }
  __device__ std::int64_t full(Index at) const {
    const std::int64_t sum = full_sums[at] + offsets[at];
    return has_wide ? sum + (wide_sums[at] + offsets[at]) * 65536 : sum;
  }
  __device__ std::int64_t delta(Index at) const { return delta_sums[at]; }
  __device__ std::int64_t offset(Index at) const { return offsets[at]; }
};

__global__ void __launch_bounds__(kMostThreads)
    pseudo_sums_kernel(PseudoStep pseudo, RecurrentStep step, Index ahead) {
  const Index k = step.cursor->step + ahead, n = blockIdx.x;
  if (n >= step.pack.active[k]) return;
  const CudaBlock block;
  const Lane lane(step, n, k);
  const bool is_pseudo = pseudo.mode[lane.frame()] == StepMode::kPseudo;
  const Index neurons = step.gates() * step.cells;
  const auto add = [&](const PseudoRule& rule, const PseudoHalf& half, Index row, SumRows chosen) {
    pseudo_sums_row(block, rule, is_pseudo,
                    {neurons, half.full_memory + n * neurons, half.delta_memory + n * neurons,
                     lane.chosen(chosen)},
                    PseudoProducts::of(half, row, neurons));
  };
  add(pseudo.rules->x, pseudo.x, lane.chunk_row(), step.chosen_wx);
  if (pseudo.h.width > 0) add(pseudo.rules->h, pseudo.h, n, step.chosen_uh);
  block.once([&] { step.places->selected[step.pack.lane[n]] += is_pseudo ? 1 : 0; });
}

}  // namespace

void launch_pseudo_input(const PseudoStep& step, const PackView& pack, const InputOperand& input,
                         cudaStream_t stream) {
  if (input.lanes == 0 || input.x.cols == 0) return;
  const Blocks grid{input.lanes, blocks_of(input.x.cols, kColumns)};
  const int threads = threads_for(input.x.cols, static_cast<int>(kColumns));
  launch(stream, pseudo_input_kernel, grid, threads, step, pack, input);
}

void launch_pseudo_operand(const PseudoStep& pseudo, const RecurrentStep& step, Index lanes,
                           Index ahead, cudaStream_t stream) {
  if (lanes == 0) return;
  const int threads = threads_for(step.width, kMostThreads);
  launch(stream, pseudo_operand_kernel, {lanes}, threads, pseudo, step, ahead);
}

void launch_pseudo_sums(const PseudoStep& pseudo, const RecurrentStep& step, Index lanes,
                        Index ahead, cudaStream_t stream) {
  if (lanes == 0) return;
  const int threads = threads_for(step.gates() * step.cells, kMostThreads);
  launch(stream, pseudo_sums_kernel, {lanes}, threads, pseudo, step, ahead);
}

}  // namespace edgeval::gpu
