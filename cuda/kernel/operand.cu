// Kernels of operand(x). A thread owns four neighbouring columns of one lane (rules act on
// elements, so a row may be cut), and walks along the steps with the rule's state in registers. A
// rule without state needs no order: then grid.z cuts the walk into slices. Good for hundreds of
// lanes or thousands of columns; a few narrow lanes leave most of the chip idle, as their
// recurrence does anyway.
#include <cstring>

#include "cuda/device/block.cuh"
#include "cuda/device/launch.hpp"
#include "cuda/kernel/format.cuh"
#include "cuda/kernel/operand.hpp"
#include "cuda/kernel/operand_four.cuh"
#include "host/body/window.hpp"

namespace edgeval::gpu {
namespace {

constexpr int kThreads = 128;
constexpr int kLeastShift = 3;         // a lane has at least 8 threads
constexpr Index kStepsPerSlice = 16;   // steps of a thread, for rules without state
constexpr Index kLargestGrid = 65535;  // in y and z

// Says where step k of the lane at position n is read and written.
struct PackedRows {
  PackView pack;
  Index first_row;
  bool gathered;
  __device__ Index lane(Index n) const { return pack.lane[n]; }
  __device__ Index steps(Index n) const { return pack.steps[n]; }
  __device__ Index frame(Index n, Index k) const {
    return gathered ? row(n, k) : pack.input_of_row[pack.offset[k] + n];
  }
  __device__ Index rule(Index n) const { return pack.rule == nullptr ? 0 : pack.rule[n]; }
  __device__ Index row(Index n, Index k) const { return pack.offset[k] + n - first_row; }
};

// kSeveral: whether lanes may have rules of their own, or inputs that lie elsewhere.
template <bool kSeveral>
struct FrameRows {
  Lanes lanes;
  __device__ Index lane(Index n) const { return n; }
  __device__ Index steps(Index n) const { return lanes.begin[n + 1] - lanes.begin[n]; }
  __device__ Index frame(Index n, Index k) const {
    return (kSeveral ? lanes.input_begin(n) : lanes.begin[n]) + k;
  }
  __device__ Index rule(Index n) const {
    return kSeveral && lanes.rule != nullptr ? lanes.rule[n] : 0;
  }
  __device__ Index row(Index n, Index k) const { return lanes.begin[n] + k; }
};

struct OperandShape {
  int lane_shift;  // 2^lane_shift threads of a block share a lane, each with four columns
  int steps;       // of a slice
};

__device__ int smaller(int a, int b) { return a < b ? a : b; }

template <bool kAligned, class Format, class Rule, class Rows>
__global__ void __launch_bounds__(kThreads, 4)
    input_operand_kernel(Rows rows, InputOperand task, OperandShape shape) {
  const int lane_threads = 1 << shape.lane_shift;
  const int thread = threadIdx.x & (lane_threads - 1);
  const Index n =
      Index{blockIdx.x} * (kThreads >> shape.lane_shift) + (threadIdx.x >> shape.lane_shift);
  const int column = kFour * (static_cast<int>(blockIdx.y) * lane_threads + thread);
  const int width = static_cast<int>(task.x.cols);
  const int first = static_cast<int>(task.first_step) + blockIdx.z * shape.steps;
  int end = n < task.lanes ? static_cast<int>(rows.steps(n)) : 0;
  end = smaller(smaller(end, static_cast<int>(task.end_step)), first + shape.steps);
  const Rule rule = task.rule.at<Rule>(kOneForAll<Rule> || n >= task.lanes ? 0 : rows.rule(n));
  typename Rule::State* state = nullptr;
  if constexpr (!Rule::kIdentity) state = task.state.as<typename Rule::State>() + n * width;
  const auto access = [&] {
    if constexpr (kAligned)
      return Together{};
    else
      return OneByOne{width - column};
  }();
  OperandCounts counts{0, 0};
  if (first < end && column < width) {
    auto remembered = load_states(access, rule, state + column);
    EDGEVAL_ROLLED
    for (int k = first; k < end; ++k) {
      const float* const x = task.x.row(rows.frame(n, k)) + column;
      four_operands(
          access, rule, Source::kInput, four_seen(access, rule, Source::kInput, x), remembered,
          Format::operand(rule, Source::kInput, task.operand, rows.row(n, k), column), counts);
    }
    store_states(access, rule, state + column, remembered);
  }
  const int columns = kFour * lane_threads, before = columns * static_cast<int>(blockIdx.y);
  add_counts<Rule>(
      task.totals, first < end, [&] { return rows.lane(n); }, counts, lane_threads,
      thread == 0 ? smaller(columns, width - before) * (end - first) : 0);
}

// Copies the windows, a thread block for each.
__global__ void window_kernel(Lanes lanes, PackView pack, WindowTask task) {
  const Index row = blockIdx.x, frame = pack.frame_of_row[task.first_row + row];
  const Index lane = lanes.lane_of_frame[frame], begin = lanes.begin[lane];
  const MatrixView<const float> frames{task.x.row(lanes.input_begin(lane)),
                                       lanes.begin[lane + 1] - begin, task.x.cols, task.x.stride};
  window_row(CudaBlock{}, frames, frame - begin, task.window, task.backward, task.windows.row(row));
}

template <class State>
__global__ void initial_state_kernel(State* state, Index count) {
  const Index i = static_cast<Index>(blockIdx.x) * blockDim.x + threadIdx.x;
  if (i < count) state[i] = State{};
}

bool is_aligned(const InputOperand& task) {
  return task.x.cols % kFour == 0 && starts_aligned(task.x.data, task.x.stride) &&
         starts_aligned(task.operand);
}

template <class Rows>
void launch_operand(const LayerPolicy& policy, const Rows& rows, const InputOperand& task,
                    cudaStream_t stream) {
  const Index steps = task.end_step - task.first_step;
  if (task.lanes == 0 || task.x.cols == 0 || steps <= 0) return;
  with_rule(policy, [&]<class Format, class Rule>(Format, const Rule&) {
    const Index slices = std::is_empty_v<typename Rule::State>
                             ? std::min(blocks_of(steps, kStepsPerSlice), kLargestGrid)
                             : 1;
    const int shift = fewest_idle_shift(task.x.cols, kLeastShift);
    const Blocks grid{blocks_of(task.lanes, kThreads >> shift),
                      blocks_of(task.x.cols, Index{kFour} << shift), slices};
    const auto kernel = is_aligned(task) ? input_operand_kernel<true, Format, Rule, Rows>
                                         : input_operand_kernel<false, Format, Rule, Rows>;
    launch(stream, kernel, grid, kThreads, rows, task,
           OperandShape{shift, static_cast<int>(blocks_of(steps, slices))});
  });
}

// Returns the levels of a rule of reuse as the policy's arithmetic sees them.
std::vector<ReuseLevel> levels_of(const LayerPolicy& policy, const Reuse& reuse, int h_bits) {
  const Reuse::Rule rule = reuse.rule();
  return std::visit(
      [&]<class Choice>(const Choice& arithmetic) {
        if constexpr (std::is_same_v<Choice, Fp32>) {
          const auto same = [](float centroid) { return centroid; };
          return reuse_levels(rule, same, same);
        } else {
          const auto on =
              rule_on_grid(reuse, Choice::kBits, static_cast<int>(arithmetic.input_bits), h_bits);
          return reuse_levels(
              rule, [&](float centroid) { return on.x.snap_half_up(centroid); },
              [&](float centroid) { return on.h.snap_half_up(centroid); });
        }
      },
      policy.arithmetic);
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

void OperandRule::reserve(std::span<const LayerPolicy* const> policies, int h_bits,
                          cudaStream_t stream) {
  std::vector<std::vector<ReuseLevel>> levels(policies.size());
  levels_.clear();
  for (std::size_t i = 0; i < policies.size(); ++i) {
    if (const auto* reuse = std::get_if<Reuse>(&policies[i]->operand))
      levels[i] = levels_of(*policies[i], *reuse, h_bits);
    levels_.insert(levels_.end(), levels[i].begin(), levels[i].end());
  }
  levels_on_device_.reserve_discarding(std::ssize(levels_), stream);
  bytes_.clear();
  const ReuseLevel* own_levels = levels_on_device_.data();
  for (std::size_t i = 0; i < policies.size(); ++i) {
    with_rule(*policies[i], h_bits, [&]<class Rule>(auto, Rule rule) {
      static_assert(std::is_trivially_copyable_v<Rule>, "rules travel as bytes");
      if (const auto* reuse = std::get_if<Reuse>(&policies[i]->operand)) {
        const LevelReuse level = level_reuse(reuse->rule(), levels[i], own_levels);
        if constexpr (std::is_same_v<Rule, LevelReuse>)
          rule = level;
        else if constexpr (std::is_same_v<Rule, OnGrid<LevelReuse>>)
          rule.inner = level;
      }
      const std::size_t at = bytes_.size();
      bytes_.resize(at + sizeof rule);
      if constexpr (!std::is_empty_v<Rule>) std::memcpy(bytes_.data() + at, &rule, sizeof rule);
    });
    own_levels += levels[i].size();
  }
  on_device_.reserve_discarding(std::ssize(bytes_), stream);
}

void OperandRule::reserve(const LayerPolicy& policy, int h_bits, cudaStream_t stream) {
  const LayerPolicy* const one = &policy;
  reserve({&one, 1}, h_bits, stream);
}

void OperandRule::upload(const Stream& stream) {
  levels_on_device_.upload(levels_, stream);
  on_device_.upload(bytes_, stream);
}

void launch_initial_state(const LayerPolicy& policy, PolicyElements state, Index count,
                          cudaStream_t stream) {
  if (count == 0) return;
  with_rule(policy, [&]<class Rule>(auto, const Rule&) {
    if constexpr (!std::is_empty_v<typename Rule::State>) {
      constexpr int kThreads = 256;
      using State = typename Rule::State;
      launch(stream, initial_state_kernel<State>, {blocks_of(count, kThreads)}, kThreads,
             state.as<State>(), count);
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
  if (lanes.input == nullptr && lanes.rule == nullptr)
    launch_operand(policy, FrameRows<false>{lanes}, all, stream);
  else
    launch_operand(policy, FrameRows<true>{lanes}, all, stream);
}

}  // namespace edgeval::gpu
