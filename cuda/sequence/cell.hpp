// One step of the recurrence around its products: the cells, what they give to a product that
// follows within the step, and the operand of h for the step behind (bodies in
// host/layer; plain LSTM cells and operands in forms of their own). Which
// step it is stands in device memory, so that a captured launch can be replayed for any step.
#pragma once

#include "cuda/sequence/operand.hpp"
#include "host/layer/cell_type.hpp"

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
  SumRows wx;                // [rows of the chunk, G H] W x
  SumRows uh;                // [N, blocks.of_sums() H] U h; none without U
  const std::byte* numbers;  // the cells' Numbers, in device memory
  std::byte* c;              // Numbers::State [N, H]
  float* h;                  // [N, P], P = H without a projection
  OperandRows operand;       // [N, P] what enters U; h itself where elements stay as they are
  float* output;             // [frames, P], this direction's columns of the layer's output
  std::byte* state;          // Rule::State [N, P] without padding; null when the rule has none
  const std::byte* rule;     // the operand's Rule, in device memory
  OperandTotals totals;      // of the recurrent input
  Index cells;               // H
  Index width;               // P
  Index c_stride, h_stride, output_stride;
  CellType type = {};
  // Of cells that are not plain LSTM cells.
  const float* x = nullptr;  // [frames, C], which an SRU shows beside c
  Index x_stride = 0;
  float* before_after = nullptr;  // [N, H], c_stride apart: what goes into the product that follows
  OperandRows after_operand = {};  // [N, H] the same as that product's operand
  SumRows after = {};              // [N, P] or, between the halves of a step, [N, H]
  // What a selection made of W x and U h, as Numbers::Sum [N, G H]; null: the cells take wx and uh.
  SumRows chosen_wx = {}, chosen_uh = {};
  bool fused = false;  // `numbers` are a step's (step_numbers.hpp), for launch_lstm_step alone
  EDGEVAL_HD Index gates() const { return type.blocks.gates; }
  bool operator==(const RecurrentStep&) const = default;
};

void launch_set_cursor(StepCursor* cursor, StepCursor value, cudaStream_t stream);
void launch_advance_cursor(StepCursor* cursor, Index steps, cudaStream_t stream);

// In all of these `lanes` is at least the number that are active; the step is cursor + ahead.

// operand(h), for the product of the step.
void launch_recurrent_operand(const LayerPolicy& policy, const RecurrentStep& step, Index lanes,
                              Index ahead, cudaStream_t stream);

// Plain LSTM cells, then operand(h) for the step behind, counted of the lanes that go on.
void launch_lstm_step(const LayerPolicy& policy, const RecurrentStep& step, Index lanes,
                      Index ahead, cudaStream_t stream);

// The first half of cells that come in halves: what the product between them multiplies ->
// after_operand.
void launch_first_half(const LayerPolicy& policy, const RecurrentStep& step, Index lanes,
                       Index ahead, cudaStream_t stream);

// Cells of any kind: h and the output, or of an LSTM with a projection after_operand.
void launch_cells(const LayerPolicy& policy, const RecurrentStep& step, Index lanes, Index ahead,
                  cudaStream_t stream);

// The projection's sums -> h and the output.
void launch_projection(const LayerPolicy& policy, const RecurrentStep& step, Index lanes,
                       Index ahead, cudaStream_t stream);

}  // namespace edgeval::gpu
