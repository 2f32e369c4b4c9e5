// The kernel of a step of plain LSTM cells, the most common kind. It runs the cells and makes
// operand(h) for the next step in one pass. A thread works on four neighbouring cells at a time,
// and a power of two of threads on a lane: 8 where many lanes run, up to 128 where few do. No
// thread needs what another has computed. In integers the tables of sigmoid and tanh lie in shared
// memory; a thread block fills it once and then takes lane after lane.
#include <algorithm>

#include "cuda/device/block.cuh"
#include "cuda/device/launch.hpp"
#include "cuda/kernel/lstm_cells.cuh"
#include "cuda/kernel/lstm_step.hpp"
#include "cuda/kernel/step.cuh"
#include "host/core/error.hpp"

namespace edgeval::gpu {
namespace {

constexpr int kThreads = 128;
// Blocks that a multiprocessor should hold at least; sums of 16 bits take the most registers.
template <class Numbers>
constexpr int kBlocks = std::is_base_of_v<WordStepNumbers, Numbers> ? 2 : 3;
constexpr Index kMostBlocks = 1024;      // further lanes wait until a block is free
constexpr int kLeastShift = 3;           // a lane has at least 8 threads
constexpr Index kManyThreads = 1 << 16;  // as many as fill a large GPU

template <bool kAligned, class Format, class Numbers, class Rule>
__global__ void __launch_bounds__(kThreads, kBlocks<Numbers>)
    lstm_step_kernel(RecurrentStep step, Index ahead, int lane_shift) {
  const Index k = step.cursor->step + ahead;
  const int active = static_cast<int>(step.pack.active[k]);
  const int lanes = kThreads >> lane_shift;  // that a block runs at a time
  if (static_cast<int>(blockIdx.x) * lanes >= active) return;
  const Numbers numbers = step.numbers.as<Numbers>();
  using Tables = Pairs<kHasTables<Numbers> ? kActivationPairs : 1>;
  EDGEVAL_SHARED(Tables, tables, 1);
  const auto functions = [&] {
    if constexpr (kHasTables<Numbers>)
      return copy_tables(numbers.pairs, tables[0].at);
    else
      return numbers.curves();
  }();
  const Rule first_rule = step.rule.as<Rule>();
  const int cells = static_cast<int>(step.cells);
  const int lane_threads = 1 << lane_shift, thread = threadIdx.x & (lane_threads - 1);
  const int going_on = static_cast<int>(step.pack.active[k + 1]);
  EDGEVAL_ROLLED
  for (int first = blockIdx.x * lanes; first < active; first += gridDim.x * lanes) {
    const int n = first + (threadIdx.x >> lane_shift);
    OperandCounts counts{0, 0};
    if (n < active) {
      const Rule rule = kOneForAll<Rule> ? first_rule : rule_of<Rule>(step, n);
      const LaneRows<Format, Numbers, Rule> rows(step, step.operand, rule, n, k);
      const auto wx = Format::sums(step.wx, step.pack.offset[k] + n - step.cursor->first_row,
                                   4 * step.cells),
                 uh = Format::sums(step.uh, n, 4 * step.cells);
      const auto run_cells = [&](auto access, int j) {
        const auto z = [&](int gate) {
          return numbers.preactivations(access, wx, uh, gate * cells + j);
        };
        four_cells(access, numbers, functions, rule, rows, z, j, counts);
      };
      EDGEVAL_ROLLED
      for (int j = kFour * thread; j < cells; j += kFour * lane_threads)
        if constexpr (kAligned)
          run_cells(Together{}, j);
        else
          run_cells(OneByOne{cells - j}, j);
    }
    add_counts<Rule>(
        step.places->recurrent, n < going_on, [&] { return step.pack.lane[n]; }, counts,
        lane_threads, thread == 0 ? cells : 0);
  }
}

// Returns the shift for 2^shift threads that work on a lane, more than a warp where few lanes run.
int threads_shift(Index cells, Index lanes) {
  int shift = fewest_idle_shift(cells, kLeastShift);
  while (kFour << shift < cells && 1 << shift < kThreads && lanes << shift < kManyThreads) ++shift;
  return shift;
}

// Returns whether rows and their parts start at multiples of 16 bytes.
bool is_aligned(const RecurrentStep& step) {
  return step.cells % kFour == 0 && starts_aligned(step.wx) && starts_aligned(step.uh) &&
         starts_aligned(step.c.memory(), step.c_stride) && starts_aligned(step.h, step.h_stride) &&
         step.output_aligned && starts_aligned(step.operand);
}

}  // namespace

void launch_lstm_step(const LayerPolicy& policy, const RecurrentStep& step, Index lanes,
                      Index ahead, cudaStream_t stream) {
  if (lanes == 0) return;
  EDGEVAL_ASSERT(step.form == StepForm::kCells && !eight_bits_of_floats(policy));
  const bool aligned = is_aligned(step);
  with_rule(policy, [&]<class Format, class Rule>(Format, const Rule&) {
    if constexpr (!std::is_same_v<Format, QuantizedFormat>)
      with_step_numbers<Format>(policy, [&]<class Numbers>(Types<Format, Numbers>) {
        // Beside functions other than the tables, the loading of rows takes little time.
        constexpr bool kMayAlign = std::is_same_v<Numbers, typename Format::StepNumbers>;
        const auto kernel = kMayAlign && aligned
                                ? lstm_step_kernel<kMayAlign, Format, Numbers, Rule>
                                : lstm_step_kernel<false, Format, Numbers, Rule>;
        const int lane_shift = threads_shift(step.cells, lanes);
        const Blocks grid{std::min(blocks_of(lanes, kThreads >> lane_shift), kMostBlocks)};
        launch(stream, kernel, grid, kThreads, step, ahead, lane_shift);
      });
  });
}

}  // namespace edgeval::gpu
