// What enters the products of a cell that sees a window of frames (QRNN): the frames side by side,
// those processed first in front, zeros before the first. They are the neighbours in the data,
// whether those steps ran or were skipped.
#pragma once

#include "host/body/block.hpp"

namespace edgeval {

// frames [T, C] of one lane -> row [window C], the window that ends at frame t.
template <class Block>
EDGEVAL_HD void window_row(Block block, MatrixView<const float> frames, Index t, Index window,
                           bool backward, float* row) {
  for (Index k = 0; k < window; ++k) {
    const Index distance = window - 1 - k, from = backward ? t + distance : t - distance;
    const bool inside = from >= 0 && from < frames.rows;
    const float* const frame = frames.row(inside ? from : t);
    block.for_each(frames.cols,
                   [&](Index i) { row[k * frames.cols + i] = inside ? frame[i] : 0.0F; });
  }
}

}  // namespace edgeval
