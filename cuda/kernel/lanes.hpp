// Where the frames of a batch's lanes lie in the rows of its activations: lane n owns rows
// [begin[n], begin[n + 1]), as in Ragged. All arrays are in device memory.
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
  // Uploads the lanes. offsets: [N + 1], `begin` on the host, which starts with 0.
  void upload(std::span<const Index> offsets, const Stream& stream) {
    lanes_ = {.count = static_cast<Index>(offsets.size()) - 1, .frames = offsets.back()};
    std::vector<std::int32_t> lane_of_frame;
    for (Index n = 0; n < lanes_.count; ++n) {
      const Index length = offsets[n + 1] - offsets[n];
      lane_of_frame.insert(lane_of_frame.end(), static_cast<std::size_t>(length),
                           static_cast<std::int32_t>(n));
      lanes_.longest = std::max(lanes_.longest, length);
    }
    begin_.upload(offsets.data(), static_cast<Index>(offsets.size()), stream);
    lane_of_frame_.upload(lane_of_frame, stream);
    lanes_.begin = begin_.data();
    lanes_.lane_of_frame = lane_of_frame_.data();
  }
  const Lanes& lanes() const { return lanes_; }

 private:
  Lanes lanes_;
  DeviceBuffer<Index> begin_;
  DeviceBuffer<std::int32_t> lane_of_frame_;
};

}  // namespace edgeval::gpu
