// Back to all frames: a skipped step shows the h of the last step that ran before it in processing
// order.
#pragma once

#include "host/engine/body/block.hpp"

namespace edgeval {

// output [T, columns of this direction]; live [running] are the frames that ran, in processing
// order, and hold their h. The frames between live[k] and live[k + 1] (or the end) take the row of
// live[k].
template <class Block>
EDGEVAL_HD void unpack_lane(Block block, MatrixView<float> output, const std::int32_t* live,
                            Index running, bool backward) {
  const Index direction = backward ? -1 : 1;
  for (Index k = 0; k < running; ++k) {
    const Index from = live[k];
    const Index end = k + 1 < running ? live[k + 1] : (backward ? -1 : output.rows);
    for (Index t = from + direction; t != end; t += direction)
      block.for_each(output.cols, [&](Index j) { output(t, j) = output(from, j); });
  }
}

}  // namespace edgeval
