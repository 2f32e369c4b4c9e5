// The rows of a decoder's step, which are the live hypotheses of all sentences. Only the device
// knows how many there are. The host launches a step for as many rows as it expects. Where there
// are more, the step does nothing and is launched again (SearchState::running), so that no step
// waits until the host has heard of the one before. A step that does nothing leaves no trace.
#pragma once

#include "cuda/kernel/cell.hpp"

namespace edgeval::gpu {

// How far a search is. It is in device memory, and the host gets copies.
struct SearchState {
  Index rows;  // number of rows of the next step
  // Number of rows that run in the present step: all, or none where it was launched for fewer or
  // none are left.
  Index running;
  Index step;                     // how many steps are done
  unsigned long long finished;    // how many sentences are done
  unsigned long long overflowed;  // how many rows had no log-probabilities
};

// The rows of a step in device memory: R rows at most, of S sentences.
struct RowView {
  SearchState* state;
  StepCursor* cursor;
  Index* active;            // [steps + 2], as in PackView
  std::int32_t* sentence;   // [R]
  std::int32_t* positions;  // [R] length of the row's source; 0 where the row does not run
  std::int32_t* place;      // [R] place among the rows of its sentence
  std::int32_t* token;      // [R] token before this step
  std::int32_t* parent;     // [R] row of the step before
  float* score;             // [R] sum of log-probabilities so far
  const Index* begin;       // [S + 1] number of source positions before each sentence
};

// Memory that moves with the hypotheses: rows of so many bytes.
struct RowSegment {
  void* data;
  Index bytes;
  void* scratch;  // has the size of data
};

class SearchRows {
 public:
  // Takes all memory. steps: the most that will be made.
  void reserve(Index rows, Index sentences, Index steps, const Stream& stream);
  // Begins with one row for each sentence. order: the sentences of the rows; begin: as in RowView;
  // token: the one before the first step.
  void start(const std::vector<std::int32_t>& order, const std::vector<Index>& begin, int token,
             const Stream& stream);

  RowView view() const;
  // Returns the rows as the kernels of the recurrence see them: as lanes that all run the cursor's
  // step. `steps` has the length of a row's source, which stands in for the number of steps of its
  // sentence (dynamic precision); it is 0 where the row does not run.
  PackView pack() const;

 private:
  DeviceBuffer<SearchState> state_;
  DeviceBuffer<StepCursor> cursor_;
  DeviceBuffer<Index> active_, no_offset_, row_numbers_, begin_;
  DeviceBuffer<std::int32_t> sentence_, positions_, place_, token_, parent_;
  DeviceBuffer<float> score_;
  Index numbered_ = 0;  // how many rows row_numbers_ has
};

// Begins a step that is launched for `rows` rows.
void launch_begin_step(const RowView& view, Index rows, cudaStream_t stream);
// Writes x [rows, E + A]: the embedding of the token before, then feed. A feed without columns adds
// nothing.
void launch_embed(const RowView& view, DeviceView<const float> embedding,
                  DeviceView<const float> feed, DeviceView<float> x, cudaStream_t stream);
// Replaces the rows of the segments by those of their parents. count: how many rows there are now,
// in device memory; most: how many there are at most.
void launch_gather(const RowView& view, const RowSegment* segments, Index segment_count,
                   const Index* count, Index most, cudaStream_t stream);
// Ends a step. The next one has *count rows.
void launch_finish_step(const RowView& view, const Index* count, cudaStream_t stream);
// Ends a step when scoring given tokens. The next one has the first `rows` rows, and tokens [rows]
// come before it.
void launch_go_on(const RowView& view, const std::int32_t* tokens, Index rows, cudaStream_t stream);

}  // namespace edgeval::gpu
