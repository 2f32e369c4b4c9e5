// The techniques as their papers write them: one utterance, one step and one element at a time,
// without the identities of docs/techniques.md. The skip plan walks the steps and compares upper
// bits; reuse keeps indices and corrects the products by step * (new - old) * w; delta keeps held
// values and a memory M to which W * move is added. M, c and h are doubles; sigmoid and tanh are
// those of libm. Decisions look at x and h as floats, which is what they are in fp32. Every count
// of Activity is counted where the work is done. Nothing of an engine or of a technique's rule() is
// used. A layer whose arithmetic is not fp32 is run by literal_fixed.hpp.
#pragma once

#include <limits>
#include <vector>

#include "host/engine/engine.hpp"

namespace edgeval::test {

// What one direction of a layer did. A linear layer has one direction, without modes.
struct LiteralDirection {
  LayerActivity activity;
  std::vector<StepMode> modes;  // mode of each step, in time order
  // Whether each element changed, as the operand decided: the elements of x and then of h, for each
  // executed step in processing order.
  std::vector<bool> changed;
  // Least distance of a value from the place where its decision would turn, over max(1, |value|).
  // Values that are known exactly (the features, h before the first step) do not count.
  double margin = std::numeric_limits<double>::infinity();
};

struct LiteralLayer {
  Matrix<float> output;  // [T, outputs of the layer]
  std::vector<LiteralDirection> directions;
};

struct LiteralResult {
  Matrix<float> outputs;             // [T, outputs of the last layer]
  std::vector<LiteralLayer> layers;  // what each layer did, with its outputs
  Activity activity;
  double margin;  // least margin of all layers
};

// Runs a layer on the input [T, C]. `exact_input` says that the engine under test sees these very
// floats.
LiteralLayer literal_layer(const Layer& layer, const LayerPolicy& policy,
                           MatrixView<const float> input, bool exact_input);

// Returns the decisions and counts of a layer whose outputs are known to be `output` [T, outputs]:
// h is read from there instead of computed.
LiteralLayer literal_decisions(const Layer& layer, const LayerPolicy& policy,
                               MatrixView<const float> input, MatrixView<const float> output);

// Runs all layers of the model on the features [T, C] of one utterance.
LiteralResult literal_run(const Model& model, const OperatingPoint& point,
                          MatrixView<const float> features);

}  // namespace edgeval::test
