// A linear layer on the CPU for one lane: operand(x) -> product W -> bias and rectifier. It runs on every frame.
#pragma once

#include "host/engine/dense_product.hpp"
#include "host/model/graph.hpp"
#include "host/technique/operand.hpp"

namespace edgeval {

struct LinearTask {
  const DenseProduct& product;     // [O, C]
  const LinearLayer& layer;
  MatrixView<const float> input;   // [T, C]
  MatrixView<float> output;        // [T, O], contiguous
  LayerActivity& activity;         // of this lane: changed and zero elements are added
};

void run_linear(const LinearTask& task, const OperandChoice& operand);

}  // namespace edgeval
