// Brings outputs back to all frames: a skipped step shows the h of the last step that ran before it
// in processing order.
#pragma once

#include "host/body/block.hpp"

namespace edgeval {

// output is [T, columns of this direction]. live [running] are the frames that ran, in processing
// order; their rows of `output` hold h. The frames between live[k] and live[k + 1] (or the end)
// take the row of live[k], for k in [first, end).
template <class Block>
EDGEVAL_HD void unpack_lane(Block block, MatrixView<float> output, const std::int32_t* live,
                            Index running, bool backward, Index first, Index end) {
  const Index direction = backward ? -1 : 1;
  for (Index k = first; k < end; ++k) {
    const Index from = live[k];
    const Index next = k + 1 < running ? live[k + 1] : (backward ? -1 : output.rows);
    for (Index t = from + direction; t != next; t += direction)
      block.for_each(output.cols, [&](Index j) { output(t, j) = output(from, j); });
  }
}

// Does this for all frames of the lane.
template <class Block>
EDGEVAL_HD void unpack_lane(Block block, MatrixView<float> output, const std::int32_t* live,
                            Index running, bool backward) {
  unpack_lane(block, output, live, running, backward, 0, running);
}

}  // namespace edgeval
