// Finds, for the kernels of the recurrence, what belongs to the lane at one position at one step:
// its row of the chunk, its frame, its rows of memory.
#pragma once

#include "cuda/kernel/operand_four.cuh"
#include "cuda/kernel/step.hpp"

namespace edgeval::gpu {

// Returns the rule of the lane at a position; often all lanes have the first.
template <class Rule>
__device__ __forceinline__ Rule rule_of(const RecurrentStep& step, Index position) {
  const bool one = kOneForAll<Rule> || step.pack.rule == nullptr;
  return step.rule.at<Rule>(one ? 0 : step.pack.rule[position]);
}

template <class Format, class Numbers>
struct StepLane {
  const RecurrentStep& step;
  Index n, row;  // position and packed row

  __device__ StepLane(const RecurrentStep& s, Index position, Index k)
      : step(s), n(position), row(s.pack.offset[k] + position) {}
  __device__ Index frame() const { return step.pack.frame_of_row[row]; }
  __device__ Index input() const { return step.pack.input_of_row[row]; }
  __device__ Index chunk_row() const { return row - step.cursor->first_row; }
  __device__ auto wx(Index width) const { return Format::sums(step.wx, chunk_row(), width); }
  __device__ auto uh(Index width) const { return Format::sums(step.uh, n, width); }
  __device__ auto* chosen(SumRows rows) const {
    return rows.data.as<typename Numbers::Sum>() + n * rows.stride;
  }
  __device__ const Numbers& numbers() const { return step.numbers.as<Numbers>(); }
  __device__ auto* c() const {
    using State = typename Numbers::State;
    static_assert(sizeof(State) == kStateBytes);
    return step.c.as<State>() + n * step.c_stride;
  }
  __device__ float* h() const { return step.h + n * step.h_stride; }
  __device__ float* before_after() const { return step.before_after + n * step.c_stride; }
  __device__ float* output() const { return step.places->output + frame() * step.output_stride; }
};

// Where the rows of a lane of plain LSTM cells lie at step k, but for its sums. target: where the
// operand for the step behind it is written.
template <class Format, class Numbers, class Rule>
struct LaneRows {
  using State = typename Numbers::State;
  State* c;
  float *h, *output;
  typename Rule::State* state = nullptr;
  decltype(Format::operand(std::declval<const Rule&>(), Source::kRecurrent, OperandRows{}, 0,
                           0)) operand;

  __device__ LaneRows(const RecurrentStep& step, OperandRows target, const Rule& rule, Index n,
                      Index k)
      : c(step.c.as<State>() + n * step.c_stride),
        h(step.h + n * step.h_stride),
        output(step.places->output +
               step.pack.frame_of_row[step.pack.offset[k] + n] * step.output_stride),
        operand(Format::operand(rule, Source::kRecurrent, target, n, 0)) {
    if constexpr (!Rule::kIdentity) state = step.state.as<typename Rule::State>() + n * step.width;
  }
};

}  // namespace edgeval::gpu
