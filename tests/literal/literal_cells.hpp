// The cells of recurrent layers as their equations are written (docs/cells.md), in doubles with
// libm: one step, given the sums of the products. All work outside the products is counted where it
// is done, and so are the products of a projection.
#pragma once

#include <vector>

#include "host/engine/engine.hpp"

namespace edgeval::test {

using Values = std::vector<double>;

struct CellState {
  Values h, c;  // h [H or P], c [H]
  explicit CellState(const RecurrentLayer& layer)
      : h(static_cast<std::size_t>(layer.width())), c(static_cast<std::size_t>(layer.cells)) {}
};

// Runs one step. `wx` and `uh` [G H] are W x and U h of what entered the products, without biases;
// `uh` is 0 where there is no U. `x` [C] is the layer's input. For a GRU that resets before the
// product, U (r h) is computed here; its multiply-accumulates must have been counted with those of
// h. The MACs of a projection are counted as MACs in fp32.
void literal_cells(const RecurrentLayer& layer, std::size_t direction, const Values& wx,
                   const Values& uh, const float* x, CellState& state, LayerActivity& counts);

// Returns the frames that enter the products of frame t side by side, which are several for a QRNN.
// Frames outside the utterance are 0.
std::vector<float> literal_window(const RecurrentLayer& layer, std::size_t direction,
                                  MatrixView<const float> input, Index t);

}  // namespace edgeval::test
