// Where the kernels of a step of the recurrence find everything, for one direction.
#pragma once

#include "cuda/device/digits.hpp"
#include "cuda/kernel/pack.hpp"
#include "host/layer/cell_type.hpp"

namespace edgeval::gpu {

// What one kernel does of a step.
enum class StepForm {
  kSeparate,  // the products, the cells and the next operand are launches of their own
  kCells,     // launch_lstm_step runs the cells and makes the next operand
  kWhole      // launch_lstm_product does so and makes the products, too
};

inline constexpr Index kStateBytes = 4;  // of Numbers::State, in every arithmetic

struct StepCursor {
  Index step;       // the next one to run
  Index first_row;  // packed row of the first row of wx
};

// The addresses that differ between the batches of a layer and direction, since they are not in the
// runner's own memory. They stand in device memory, so that a recorded launch is tied to no batch.
struct StepPlaces {
  float* output = nullptr;         // [frames, P], this direction's columns of the layer's output
  const float* x = nullptr;        // [frames, C], which an SRU mixes into its output
  OperandTotals input, recurrent;  // counts of the elements of x and of h
  // Counts by lane. `selected` counts what the operand or plan chooses: neurons remembered, cells
  // in 4 bits, or pseudo-skips. `at_pseudo` counts the elements that changed at pseudo-skips.
  unsigned long long *selected = nullptr, *at_pseudo = nullptr;
};

// The memory of one direction. Positions are those of PackView. Everything stays at its place while
// steps run, and for the next batch. Kernels take the struct by value, since what they load costs
// them registers. It has plain pointers, not views, whose number of rows would tie a recorded
// launch to one batch.
struct RecurrentStep {
  PackView pack;
  const StepCursor* cursor;
  const StepPlaces* places;
  SumRows wx;            // [rows of the chunk, G H] W x
  SumRows uh;            // [N, blocks.of_sums() H] U h; without U null, or zeros for a selection
  PolicyStruct numbers;  // the cells' Numbers
  Elements<float, std::int32_t> c;  // Numbers::State [N, H]
  float* h;                         // [N, P], P = H without a projection
  OperandRows operand;   // [N, P] what enters U; h itself where elements stay as they are
  PolicyElements state;  // Rule::State [N, P] without padding; null when the rule has none
  PolicyStruct rule;     // the operand's Rule, or those of pack.rule
  Index cells;           // H
  Index width;           // P
  Index c_stride, h_stride, output_stride;
  CellType type = {};
  // These are for cells that are not plain LSTM cells.
  Index x_stride = 0;             // stride of places->x; 0 where cells read no x
  float* before_after = nullptr;  // [N, H], c_stride apart: what goes into the product that follows
  OperandRows after_operand = {};  // [N, H] the same as that product's operand
  SumRows after = {};              // [N, P] or, between the halves of a step, [N, H]
  // What a selection made of W x and U h, as Numbers::Sum [N, G H]; null: the cells take wx and uh.
  SumRows chosen_wx = {}, chosen_uh = {};
  bool output_aligned = false;  // whether rows of places->output start at multiples of 16 bytes
  StepForm form = StepForm::kSeparate;  // in others `numbers` are those of step_numbers.hpp
  EDGEVAL_HD Index gates() const { return type.blocks.gates; }
  bool operator==(const RecurrentStep&) const = default;
};

}  // namespace edgeval::gpu
