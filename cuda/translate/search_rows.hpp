// The rows of a decoder's step: every live hypothesis of every sentence. Only the device knows how
// many there are. The host launches a step for as many rows as it believes in; where there are
// more, the step does nothing and is launched again (SearchState::running), so that no step waits
// for the host to hear of the one before. A step that does nothing writes nothing that outlives it.
#pragma once

#include "cuda/kernel/cell.hpp"

namespace edgeval::gpu {

// One in device memory.
struct SearchState {
  Index rows;     // of the coming step
  Index running;  // of the step under way: all of them, or none where it was launched for fewer or
                  // none are left
  Index step;     // how many are done
  unsigned long long finished;    // sentences that are through
  unsigned long long overflowed;  // rows without log-probabilities
};

// All in device memory; R rows at most, S sentences.
struct RowView {
  SearchState* state;
  StepCursor* cursor;
  Index* active;            // [steps + 2], as in PackView
  std::int32_t* sentence;   // [R]
  std::int32_t* positions;  // [R] of the row's source; 0 where the row does not run
  std::int32_t* place;      // [R] among the rows of its sentence
  std::int32_t* token;      // [R] the one before
  std::int32_t* parent;     // [R] row of the step before
  float* score;             // [R] sum of log-probabilities so far
  const Index* begin;       // [S + 1] positions of sources before each sentence
};

// What moves with a hypothesis: rows of so many bytes.
struct RowSegment {
  void* data;
  Index bytes;
  void* scratch;  // as much again
};

class SearchRows {
 public:
  // steps: the most that will be made.
  void reserve(Index rows, Index sentences, Index steps, const Stream& stream);
  // order: the sentences of the first rows, one each; begin: as RowView has it; token: that before
  // the first step.
  void start(const std::vector<std::int32_t>& order, const std::vector<Index>& begin, int token,
             const Stream& stream);

  RowView view() const;
  // As the kernels of the recurrence see rows: lanes that all run the cursor's step. `steps` has
  // the positions of a row's source, which stand in for the steps of its sentence (dynamic
  // precision), 0 where the row does not run.
  PackView pack() const;

 private:
  DeviceBuffer<SearchState> state_;
  DeviceBuffer<StepCursor> cursor_;
  DeviceBuffer<Index> active_, no_offset_, row_numbers_, begin_;
  DeviceBuffer<std::int32_t> sentence_, positions_, place_, token_, parent_;
  DeviceBuffer<float> score_;
  Index numbered_ = 0;  // rows that row_numbers_ has
};

// Begins a step that is launched for `rows` rows.
void launch_begin_step(const RowView& view, Index rows, cudaStream_t stream);
// x [rows, E + A] = embedding of the token before, then feed; feed without columns: none.
void launch_embed(const RowView& view, DeviceView<const float> embedding,
                  DeviceView<const float> feed, DeviceView<float> x, cudaStream_t stream);
// Rows of the segments := those of their parents. count: how many there are now, in device memory;
// most: at most.
void launch_gather(const RowView& view, const RowSegment* segments, Index segment_count,
                   const Index* count, Index most, cudaStream_t stream);
// Ends the step: the next one has *count rows.
void launch_finish_step(const RowView& view, const Index* count, cudaStream_t stream);
// Ends a step of given tokens: the next one has the first `rows` rows, the tokens [rows] are those
// before it.
void launch_go_on(const RowView& view, const std::int32_t* tokens, Index rows, cudaStream_t stream);

}  // namespace edgeval::gpu
