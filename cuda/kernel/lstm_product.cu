// The kernel of a whole step of plain LSTM cells in integers. A thread block has the sums of a tile
// of lanes and cells; the columns of the tile are so ordered that a thread ends with all four gates
// of four neighbouring cells of its lanes, on which it runs the bodies of lstm_step.cu.
#include "cuda/device/launch.hpp"
#include "cuda/kernel/lstm_cells.cuh"
#include "cuda/kernel/lstm_product.hpp"
#include "cuda/kernel/step.cuh"
#include "cuda/kernel/tile_product.cuh"
#include "host/core/error.hpp"

namespace edgeval::gpu {
namespace {

constexpr int kGates = 4;
constexpr int kWarpCells = Tile<1>::kWarpColumns / kGates;

// Column c of a warp belongs to this gate, and to this one of the warp's cells. Thread t of four
// that share a lane holds the columns 2 t and 2 t + 1 of each eight, so that of each sixteen it has
// the gates i, f and g, o of cell 4 t + c / 16.
__device__ int gate_of(int c) { return c / 8 % 2 * 2 + c % 2; }
__device__ int cell_of(int c) { return c % 8 / 2 * kFour + c / 16; }

// Runs the cells whose sums a warp has, from lane first_lane and cell warp_cell on, at step k.
// next: where the operand for the step behind it is written.
template <class Format, class Numbers, class Rule, class T>
__device__ __forceinline__ void run_cells(const RecurrentStep& step, OperandRows next,
                                          const Numbers& numbers, const ActivationPairs& functions,
                                          const TileSums<T>& sums, Index k, int first_lane,
                                          int warp_cell) {
  const int g = static_cast<int>(threadIdx.x) % kWarp / 4, t = static_cast<int>(threadIdx.x) % 4;
  const int j = warp_cell + kFour * t;
  const int cells = static_cast<int>(step.cells);
  const int active = static_cast<int>(step.pack.active[k]);
  const int going_on = static_cast<int>(step.pack.active[k + 1]);
  const Rule first_rule = step.rule.as<Rule>();
  EDGEVAL_UNROLL
  for (int m = 0; m < T::kLaneTiles; ++m) EDGEVAL_UNROLL
  for (int half = 0; half < 2; ++half) {
    const int n = first_lane + 16 * m + 8 * half + g;
    OperandCounts counts{0, 0};
    if (n < active && j < cells) {
      const Rule rule = kOneForAll<Rule> ? first_rule : rule_of<Rule>(step, n);
      const LaneRows<Format, Numbers, Rule> rows(step, next, rule, n, k);
      const auto z = [&](int gate) {
        Four<std::int32_t> shared[T::kSums];
        EDGEVAL_UNROLL
        for (int d = 0; d < T::kSums; ++d) EDGEVAL_UNROLL
        for (int i = 0; i < kFour; ++i)
          shared[d][i] = sums.at[d][m][2 * i + gate / 2][2 * half + gate % 2];
        return numbers.preactivations(Together{}, shared, gate * cells + j);
      };
      four_cells(Together{}, numbers, functions, rule, rows, z, j, counts);
    }
    // Where each element causes work, the block of the first cells counts those of all.
    add_counts<Rule>(
        step.places->recurrent, n < going_on, [&] { return step.pack.lane[n]; }, counts, 4,
        t == 0 && warp_cell == 0 ? cells : 0);
  }
}

template <class Format, class Numbers, class Rule, class T>
__global__ void __launch_bounds__(T::kThreads, T::kDigits == 1 ? 2 : 1)
    lstm_product_kernel(RecurrentStep step, StepFactors factors, Index ahead) {
  const Index k = step.cursor->step + ahead;
  const int active = static_cast<int>(step.pack.active[k]);
  const int first_lane = static_cast<int>(blockIdx.x) * T::kLanes;
  if (first_lane >= active) return;
  EDGEVAL_DYNAMIC_SHARED(unsigned char, memory);
  const Numbers numbers = step.numbers.as<Numbers>();
  auto* const pairs = reinterpret_cast<ActivationPair*>(memory + T::kBytes);
  const ActivationPairs functions = copy_tables(numbers.pairs, pairs);
  const int cells = static_cast<int>(step.cells);
  const int warp = static_cast<int>(threadIdx.x) / kWarp;
  const int lane = warp / T::kColumnWarps * T::kWarpLanes;  // within the tile
  const int column = warp % T::kColumnWarps * T::kWarpColumns;
  const int first_cell = static_cast<int>(blockIdx.y) * T::kColumns / kGates;
  const int warp_cell = first_cell + column / kGates;
  const auto weight_row = [&](int c) {
    const int cell = first_cell + c / T::kWarpColumns * kWarpCells + cell_of(c % T::kWarpColumns);
    return cell < cells ? gate_of(c) * cells + cell : -1;
  };
  const bool odd = k % 2 != 0;
  const OperandRows now = odd ? factors.at_odd_steps : step.operand;
  const OperandRows next = odd ? step.operand : factors.at_odd_steps;
  const auto factors_of = [&](OperandRows rows, Index row, OperandRows weights) {
    return TileFactors{rows.data.as<std::int8_t>() + row * T::kDigits * rows.stride,
                       weights.data.as<std::int8_t>(), static_cast<int>(rows.stride)};
  };
  const Index row = step.pack.offset[k] - step.cursor->first_row + first_lane;
  const TileFactors x = factors_of(factors.x, row, factors.w),
                    h = factors_of(now, first_lane, factors.u);
  const bool x_first = numbers.up_x >= numbers.up_h;
  const int shift = x_first ? numbers.up_x - numbers.up_h : numbers.up_h - numbers.up_x;
  TileSums<T> sums{};
  multiply_tile<T>(either(x_first, x, h), shift, either(x_first, h, x),
                   TileLoader<T>(active - first_lane, kGates * cells, weight_row),
                   first_lane + lane < active && warp_cell < cells, lane, column, memory, sums);
  run_cells<Format, Numbers, Rule>(step, next, numbers, functions, sums, k, first_lane + lane,
                                   warp_cell);
}

template <class T>
void launch_tiles(const LayerPolicy& policy, const RecurrentStep& step, const StepFactors& factors,
                  Index lanes, Index ahead, cudaStream_t stream) {
  with_rule(policy, [&]<class Format, class Rule>(Format, const Rule&) {
    if constexpr (std::is_same_v<Format, FixedFormat<T::kDigits == 2 ? 16 : 8>>) {
      constexpr int kBytes =
          T::kBytes + kActivationPairs * static_cast<int>(sizeof(ActivationPair));
      launch(stream, lstm_product_kernel<Format, typename Format::StepNumbers, Rule, T>,
             {blocks_of(lanes, T::kLanes), blocks_of(kGates * step.cells, T::kColumns)},
             {T::kThreads, kBytes}, step, factors, ahead);
    }
  });
}

}  // namespace

bool can_multiply_in_step(const LayerPolicy& policy, Index inputs, Index cells, int up_x,
                          int up_h) {
  if (std::holds_alternative<Fp32>(policy.arithmetic) ||
      !std::holds_alternative<Exact>(policy.nonlinearity) || cells % kFour != 0)
    return false;
  if (!std::holds_alternative<Int16>(policy.arithmetic)) return true;
  // A sum of two digits has 2^14 at most, and a mixed one two of them for each input.
  const Index x = inputs << std::max(up_x - up_h, 0), h = cells << std::max(up_h - up_x, 0);
  return x + h < Index{1} << 16;
}

void launch_lstm_product(const LayerPolicy& policy, const RecurrentStep& step,
                         const StepFactors& factors, Index lanes, Index ahead,
                         cudaStream_t stream) {
  if (lanes == 0) return;
  EDGEVAL_ASSERT(step.form == StepForm::kWhole);
  EDGEVAL_ASSERT(starts_aligned(step.c.memory(), step.c_stride) &&
                 starts_aligned(step.h, step.h_stride) && step.output_aligned &&
                 factors.x.stride == factors.w.stride && step.operand.stride == factors.u.stride &&
                 factors.at_odd_steps.stride == step.operand.stride);
  if (std::holds_alternative<Int16>(policy.arithmetic))
    launch_tiles<Tile<2>>(policy, step, factors, lanes, ahead, stream);
  else
    launch_tiles<Tile<1>>(policy, step, factors, lanes, ahead, stream);
}

}  // namespace edgeval::gpu
