// The techniques as their papers write them: one utterance, one step, one element at a time, no
// identity of docs/techniques.md used. Skip walks the steps and compares upper bits; reuse keeps
// indices and corrects the products by step * (new - old) * w; delta keeps held values and a memory
// M that gets W * move. M, c and h are doubles, sigmoid and tanh those of libm. Decisions look at x
// and h as floats, which is what they are in fp32. Every count of Activity is counted where the
// thing happens. Nothing of an engine or of a technique's rule() is used. A layer whose arithmetic
// is not fp32 goes to literal_fixed.hpp.
#pragma once

#include <limits>
#include <vector>

#include "host/engine/engine.hpp"

namespace edgeval::test {

// One layer and direction; a linear layer has one, without modes.
struct LiteralDirection {
  LayerActivity activity;
  std::vector<StepMode> modes;  // in time order
  // The operand's decisions (changed or not), elements of x then of h, of the executed steps in
  // processing order.
  std::vector<bool> changed;
  // Least distance of a decided value from the place where the decision turns, over max(1,
  // |value|). Values known exactly (the features, h before the first step) do not count.
  double margin = std::numeric_limits<double>::infinity();
};

struct LiteralLayer {
  Matrix<float> output;  // [T, outputs of the layer]
  std::vector<LiteralDirection> directions;
};

struct LiteralResult {
  Matrix<float> outputs;             // of the last layer
  std::vector<LiteralLayer> layers;  // their outputs included
  Activity activity;
  double margin;
};

// input: [T, C]; exact_input: the engine under test sees these very floats.
LiteralLayer literal_layer(const Layer& layer, const LayerPolicy& policy,
                           MatrixView<const float> input, bool exact_input);

// The decisions and counts of a layer that passes `output` [T, outputs] on: its h is read there
// instead of computed.
LiteralLayer literal_decisions(const Layer& layer, const LayerPolicy& policy,
                               MatrixView<const float> input, MatrixView<const float> output);

// All layers of the model on one utterance.
LiteralResult literal_run(const Model& model, const OperatingPoint& point,
                          MatrixView<const float> features);

}  // namespace edgeval::test
