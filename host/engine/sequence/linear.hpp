// A linear layer on the CPU for one lane: operand(x) -> product W -> bias and rectifier. It runs on
// every frame.
#pragma once

#include "host/engine/product/layer_arithmetic.hpp"
#include "host/layer/layer.hpp"
#include "host/technique/operand.hpp"

namespace edgeval {

struct LinearTask {
  const LinearLayer& layer;
  MatrixView<const float> input;  // [T, C]
  MatrixView<float> output;       // [T, O], contiguous
  LayerActivity& activity;        // of this lane: changed and zero elements are added
};

// Runs the layer and adds the counts of its elements. LayerArithmetic is FloatLayer,
// FixedLayer<int32> (int8) or FixedLayer<int64> (int16).
template <class LayerArithmetic>
void run_linear(const LinearTask& task, const LayerArithmetic& arithmetic,
                const OperandChoice& operand);

}  // namespace edgeval
