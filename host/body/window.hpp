// What enters the products of a cell that sees a window of frames (QRNN): the frames side by side,
// those processed first in front, and zeros for frames before the first. The frames are neighbours
// in the data, whether those steps ran or were skipped.
#pragma once

#include "host/body/block.hpp"

namespace edgeval {

// Writes the window of frames [T, C] of one lane that ends at frame t to row [window C].
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
