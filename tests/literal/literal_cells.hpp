// The cells of recurrent layers as their equations stand (docs/cells.md), in doubles and libm: one
// step from the sums of the products. Everything outside the products is counted where it happens,
// and so are a projection's products.
#pragma once

#include <vector>

#include "host/engine/engine.hpp"

namespace edgeval::test {

using Values = std::vector<double>;

struct CellState {
  Values h, c;  // [H or P], [H]
  explicit CellState(const RecurrentLayer& layer)
      : h(static_cast<std::size_t>(layer.width())), c(static_cast<std::size_t>(layer.cells)) {}
};

// wx, uh [G H]: W x and U h of what entered the products, without biases (uh: zeros where there is
// no U). x [C]: the layer's input. The U of a GRU that resets before the product multiplies r h
// anew here; its multiply-accumulates are taken to be counted with those of h. The MACs of a
// projection are counted as fp32's.
void literal_cells(const RecurrentLayer& layer, std::size_t direction, const Values& wx,
                   const Values& uh, const float* x, CellState& state, LayerActivity& counts);

// The frames that enter the products of frame t side by side: a QRNN's window, zeros outside the
// utterance.
std::vector<float> literal_window(const RecurrentLayer& layer, std::size_t direction,
                                  MatrixView<const float> input, Index t);

}  // namespace edgeval::test
