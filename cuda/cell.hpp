// One step of the recurrence behind its product: the cells, and at once the operand of h for the
// step that follows (bodies in host/engine/body/cell.hpp and operand.hpp). Which step it is stands
// in device memory, so that a captured launch can be replayed for any step.
#pragma once

#include "cuda/operand.hpp"

namespace edgeval::gpu {

inline constexpr Index kStateBytes = 4;  // of Numbers::State, in every arithmetic

struct StepCursor {
  Index step;       // the next one to run
  Index first_row;  // packed row of the first row of wx
};

// Of one direction. Positions as in PackView; everything here stays where it is while steps run.
// Plain pointers, not views: the number of rows would tie a recorded launch to one batch.
struct RecurrentStep {
  PackView pack;
  const StepCursor* cursor;
  SumRows wx;                // [rows of the chunk, 4H] W x
  SumRows uh;                // [N, 4H] U h
  const std::byte* numbers;  // the cells' Numbers, in device memory
  std::byte* c;              // Numbers::State [N, H]
  float* h;                  // [N, H]
  OperandRows operand;       // [N, H] what enters U; h itself where elements stay as they are
  float* output;             // [frames, H], this direction's columns of the layer's output
  std::byte* state;          // Rule::State [N, H] without padding; null when the rule has none
  const std::byte* rule;     // the operand's Rule, in device memory
  OperandTotals totals;      // of the recurrent input
  Index cells;               // H
  Index cell_stride, output_stride;  // of c and h; of output
  bool operator==(const RecurrentStep&) const = default;
};

// The operand of the first `lanes` lanes' first step, h being 0.
void launch_first_operand(const LayerPolicy& policy, const RecurrentStep& step, Index lanes,
                          cudaStream_t stream);

// Cells of step cursor + ahead, then operand(h) of the lanes that go on. `lanes` is at least the
// number that are active.
void launch_recurrent_step(const LayerPolicy& policy, const RecurrentStep& step, Index lanes,
                           Index ahead, cudaStream_t stream);

void launch_set_cursor(StepCursor* cursor, StepCursor value, cudaStream_t stream);
void launch_advance_cursor(StepCursor* cursor, Index steps, cudaStream_t stream);

}  // namespace edgeval::gpu
