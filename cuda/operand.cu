// Kernels of operand(x). A thread block owns one lane and up to 128 of its columns (rules act on
// elements, so a row may be cut), and walks along the steps with the rule's state in memory that
// only it touches. A rule without state needs no order: then grid.z cuts the walk into slices. Good
// for hundreds of lanes or thousands of columns; a few narrow lanes leave most of the chip idle, as
// their recurrence does anyway.
#include "cuda/block.cuh"
#include "cuda/format.cuh"
#include "cuda/launch.hpp"
#include "cuda/operand.hpp"
#include "host/engine/body/operand.hpp"
#include "host/engine/body/window.hpp"

namespace edgeval::gpu {
namespace {

constexpr Index kColumns = 128;        // of a thread block
constexpr Index kStepsPerSlice = 16;   // of a thread block, for rules without state
constexpr Index kLargestGrid = 65535;  // in y and z

// Where step k of the lane at position n is read and written.
struct PackedRows {
  PackView pack;
  Index first_row;
  bool gathered;
  __device__ Index lane(Index n) const { return pack.lane[n]; }
  __device__ Index steps(Index n) const { return pack.steps[n]; }
  __device__ Index frame(Index n, Index k) const {
    return gathered ? row(n, k) : pack.frame_of_row[pack.offset[k] + n];
  }
  __device__ Index row(Index n, Index k) const { return pack.offset[k] + n - first_row; }
};

struct FrameRows {
  Lanes lanes;
  __device__ Index lane(Index n) const { return n; }
  __device__ Index steps(Index n) const { return lanes.begin[n + 1] - lanes.begin[n]; }
  __device__ Index frame(Index n, Index k) const { return lanes.begin[n] + k; }
  __device__ Index row(Index n, Index k) const { return lanes.begin[n] + k; }
};

__device__ Index smaller(Index a, Index b) { return a < b ? a : b; }

template <class Format, class Rule, class Rows>
__global__ void __launch_bounds__(kColumns)
    input_operand_kernel(Rule rule, Rows rows, InputOperand task, Index steps_per_slice) {
  const Index n = blockIdx.x;
  const Index column = blockIdx.y * kColumns;
  const Index width = smaller(kColumns, task.x.cols - column);
  const Index first = task.first_step + blockIdx.z * steps_per_slice;
  const Index end = smaller(smaller(first + steps_per_slice, task.end_step), rows.steps(n));
  typename Rule::State* state = nullptr;
  if constexpr (!Rule::kIdentity)
    state = reinterpret_cast<typename Rule::State*>(task.state) + n * task.x.cols + column;
  const CudaBlock block;
  unsigned long long changed = 0, zero = 0;
  for (Index k = first; k < end; ++k) {
    const OperandCounts counts = operand_row(
        block, rule, Source::kInput, task.x.row(rows.frame(n, k)) + column, width, state,
        Format::operand(rule, Source::kInput, task.operand, rows.row(n, k), column));
    changed += static_cast<unsigned long long>(counts.changed);
    zero += static_cast<unsigned long long>(counts.zero);
  }
  if (first >= end) return;
  block.once([&] {
    atomicAdd(task.totals.changed + rows.lane(n), changed);
    atomicAdd(task.totals.zero + rows.lane(n), zero);
  });
}

// A thread block per window.
__global__ void window_kernel(Lanes lanes, PackView pack, WindowTask task) {
  const Index row = blockIdx.x, frame = pack.frame_of_row[task.first_row + row];
  const Index lane = lanes.lane_of_frame[frame], begin = lanes.begin[lane];
  const MatrixView<const float> frames{task.x.row(begin), lanes.begin[lane + 1] - begin,
                                       task.x.cols, task.x.stride};
  window_row(CudaBlock{}, frames, frame - begin, task.window, task.backward, task.windows.row(row));
}

template <class State>
__global__ void initial_state_kernel(State* state, Index count) {
  const Index i = static_cast<Index>(blockIdx.x) * blockDim.x + threadIdx.x;
  if (i < count) state[i] = State{};
}

template <class Rows>
void launch_operand(const LayerPolicy& policy, const Rows& rows, const InputOperand& task,
                    cudaStream_t stream) {
  const Index steps = task.end_step - task.first_step;
  if (task.lanes == 0 || task.x.cols == 0 || steps <= 0) return;
  with_rule(policy, [&]<class Format, class Rule>(Format, const Rule& rule) {
    const Index slices = std::is_empty_v<typename Rule::State>
                             ? std::min(blocks_of(steps, kStepsPerSlice), kLargestGrid)
                             : 1;
    const Blocks grid{task.lanes, blocks_of(task.x.cols, kColumns), slices};
    const int threads = threads_for(task.x.cols, static_cast<int>(kColumns));
    launch(stream, input_operand_kernel<Format, Rule, Rows>, grid, threads, rule, rows, task,
           blocks_of(steps, slices));
  });
}

}  // namespace

bool keeps_elements(const LayerPolicy& policy) { return state_bytes(policy) == 0; }

Index state_bytes(const LayerPolicy& policy) {
  Index bytes = 0;
  with_rule(policy, [&]<class Rule>(auto, const Rule&) {
    bytes = Rule::kIdentity ? Index{0} : static_cast<Index>(sizeof(typename Rule::State));
  });
  return bytes;
}

bool has_state(const LayerPolicy& policy) {
  bool has = false;
  with_rule(policy,
            [&]<class Rule>(auto, const Rule&) { has = !std::is_empty_v<typename Rule::State>; });
  return has;
}

std::vector<std::byte> rule_bytes(const LayerPolicy& policy, int h_bits) {
  std::vector<std::byte> bytes;
  with_rule(policy, h_bits, [&]<class Rule>(auto, const Rule& rule) {
    static_assert(std::is_trivially_copyable_v<Rule>, "rules travel as bytes");
    const auto* first = reinterpret_cast<const std::byte*>(&rule);
    bytes.assign(first, first + sizeof rule);
  });
  return bytes;
}

void launch_initial_state(const LayerPolicy& policy, std::byte* state, Index count,
                          cudaStream_t stream) {
  if (count == 0) return;
  with_rule(policy, [&]<class Rule>(auto, const Rule&) {
    if constexpr (!std::is_empty_v<typename Rule::State>) {
      constexpr int kThreads = 256;
      using State = typename Rule::State;
      launch(stream, initial_state_kernel<State>, {blocks_of(count, kThreads)}, kThreads,
             reinterpret_cast<State*>(state), count);
    }
  });
}

void launch_windows(const Lanes& lanes, const PackView& pack, const WindowTask& task,
                    cudaStream_t stream) {
  if (task.windows.rows == 0 || task.x.cols == 0) return;
  launch(stream, window_kernel, {task.windows.rows}, threads_for(task.x.cols), lanes, pack, task);
}

void launch_packed_operand(const LayerPolicy& policy, const PackView& pack,
                           const InputOperand& task, cudaStream_t stream) {
  launch_operand(policy, PackedRows{pack, task.first_row, task.gathered}, task, stream);
}

void launch_frame_operand(const LayerPolicy& policy, const Lanes& lanes, const InputOperand& task,
                          cudaStream_t stream) {
  InputOperand all = task;
  all.first_step = 0;
  all.end_step = lanes.longest;
  all.lanes = lanes.count;
  launch_operand(policy, FrameRows{lanes}, all, stream);
}

}  // namespace edgeval::gpu
