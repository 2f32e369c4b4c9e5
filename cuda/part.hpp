// What the GPU engine runs at once: consecutive utterances of a batch, under the points of a
// schedule.
#pragma once

#include "cuda/kernel/lanes.hpp"
#include "cuda/schedule.hpp"

namespace edgeval::gpu {

// A call of run(), as far as it is one device's.
struct Call {
  const Ragged<float>& features;
  Index first, last;  // the device's are the utterances [first, last)
  std::span<const OperatingPoint> points;
  const Wanted& wanted;
  LayerObserver* observer;  // of a call with one point
};

// The utterances [first, first + count) of a call.
struct Part {
  const Call& call;
  const Schedule& schedule;
  Index first, count;
  bool observed = false;  // whether the observer was shown something of it

  Index length(Index lane) const { return call.features.length(first + lane); }
  std::vector<Index> lengths() const {
    std::vector<Index> all;
    for (Index lane = 0; lane < count; ++lane) all.push_back(length(lane));
    return all;
  }
  std::vector<Index> offsets() const { return offsets_of(call.features, first, count); }
  // Returns the features [frames, C] of its utterances.
  MatrixView<const float> frames() const {
    const Ragged<float>& all = call.features;
    const Index begin = all.offsets[first];
    return {all.values.row(begin), all.offsets[first + count] - begin, all.cols(), all.cols()};
  }
};

}  // namespace edgeval::gpu
