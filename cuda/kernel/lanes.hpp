// Where the frames of a batch's lanes lie in the rows of its activations: lane n owns rows
// [begin[n], begin[n + 1]), as in Ragged. All arrays are in device memory. A lane is an utterance
// under an operating point: where lanes of several points run side by side, those of each point
// follow one another.
#pragma once

#include <cstdint>

#include "cuda/device/memory.hpp"

namespace edgeval::gpu {

struct Lanes {
  Index count = 0;                              // N
  Index frames = 0;                             // of all lanes
  Index longest = 0;                            // frames of the longest lane
  const Index* begin = nullptr;                 // [N + 1]
  const std::int32_t* lane_of_frame = nullptr;  // [frames]
  // [N] row of the layer's input where each lane begins; null: `begin`.
  const Index* input = nullptr;
  // [N] number of each lane's point among those side by side, whose rules it has; null: there is
  // one.
  const std::int32_t* rule = nullptr;

  EDGEVAL_HD Index input_begin(Index lane) const {
    return input == nullptr ? begin[lane] : input[lane];
  }
};

// Changed and zero elements so far, by lane: [N] each.
struct OperandTotals {
  unsigned long long* changed = nullptr;
  unsigned long long* zero = nullptr;
};

// Returns `begin` for the lanes [first, first + count) of a batch: the number of frames before each
// of them, counted from the first one, and the number of all their frames.
inline std::vector<Index> offsets_of(const Ragged<float>& batch, Index first, Index count) {
  const auto begin = batch.offsets.begin() + first;
  std::vector<Index> own(begin, begin + count + 1);
  for (Index& offset : own) offset -= *begin;
  return own;
}

class LaneTable {
 public:
  // Uploads the lanes of a point, and those of as many points as run side by side at most. offsets:
  // [N + 1], `begin` of a point's lanes on the host, which starts with 0.
  void upload(std::span<const Index> offsets, const Stream& stream, Index points = 1) {
    const Index lanes = std::ssize(offsets) - 1;
    lanes_ = {.count = lanes, .frames = offsets.back()};
    std::vector<Index> begin{0};
    std::vector<std::int32_t> lane_of_frame, rule;
    for (Index point = 0; point < points; ++point)
      for (Index n = 0; n < lanes; ++n) {
        const Index length = offsets[n + 1] - offsets[n];
        lane_of_frame.insert(lane_of_frame.end(), static_cast<std::size_t>(length),
                             static_cast<std::int32_t>(std::ssize(rule)));
        begin.push_back(begin.back() + length);
        rule.push_back(static_cast<std::int32_t>(point));
        lanes_.longest = std::max(lanes_.longest, length);
      }
    begin_.upload(begin, stream);
    lane_of_frame_.upload(lane_of_frame, stream);
    if (points > 1) rule_.upload(rule, stream);
    lanes_.begin = begin_.data();
    lanes_.lane_of_frame = lane_of_frame_.data();
  }
  // Returns the lanes of one point.
  const Lanes& lanes() const { return lanes_; }
  // Returns the lanes of so many points side by side.
  Lanes lanes(Index points) const {
    Lanes all = lanes_;
    all.count *= points;
    all.frames *= points;
    if (points > 1) all.rule = rule_.data();
    return all;
  }

 private:
  Lanes lanes_;
  DeviceBuffer<Index> begin_;
  DeviceBuffer<std::int32_t> lane_of_frame_, rule_;
};

}  // namespace edgeval::gpu
