// Packs lanes by their number of live steps, longest first, ties by lane number, so that the lanes
// that are active at a step are always the first ones. The packed rows of one direction are
// time-major: step k owns the rows [offset[k], offset[k] + active[k]).
#pragma once

#include "cuda/kernel/plan.hpp"

namespace edgeval::gpu {

struct PackView {
  const std::int32_t* lane;   // [N] number of the lane at each position
  const std::int32_t* steps;  // [N] live steps of the lane at each position, descending
  const Index* active;        // [longest + 1] lanes that run step k; 0 behind the last
  const Index* offset;        // [longest + 1] packed rows before step k
  const Index* frame_of_row;  // [live frames of all lanes] row of each among the activations
  // [live frames of all lanes] row of each among the layer's inputs; may be frame_of_row.
  const Index* input_of_row = nullptr;
  // [N] number of the rule of the lane at each position; null: all lanes have the first rule.
  const std::int32_t* rule = nullptr;
  bool operator==(const PackView&) const = default;
};

// The memory behind a PackView; CUB sorts and scans.
class Packing {
 public:
  void reserve(const Lanes& lanes, cudaStream_t stream);
  // Packs the lanes by a plan that launch_plan_* has left. The memory must have been reserved for
  // these lanes.
  void pack(const Lanes& lanes, const PlanView& plan, cudaStream_t stream);
  // Copies active.size() values of PackView::active to the host. They are there once the stream was
  // synchronized.
  void download_active(std::vector<Index>& active, cudaStream_t stream) const {
    active_.download(active.data(), static_cast<Index>(active.size()), stream);
  }
  // Does the same for lanes.size() values of PackView::lane.
  void download_lanes(std::vector<std::int32_t>& lanes, cudaStream_t stream) const {
    lane_.download(lanes.data(), static_cast<Index>(lanes.size()), stream);
  }
  PackView view() const {
    return {.lane = lane_.data(),
            .steps = steps_.data(),
            .active = active_.data(),
            .offset = offset_.data(),
            .frame_of_row = frame_of_row_.data(),
            .input_of_row = has_inputs_ ? input_of_row_.data() : frame_of_row_.data(),
            .rule = has_rules_ ? rule_.data() : nullptr};
  }

 private:
  DeviceBuffer<std::int32_t> numbers_, lane_, steps_, rule_;
  DeviceBuffer<Index> active_, offset_, frame_of_row_, input_of_row_;
  // Whether the lanes' inputs lie elsewhere than their frames, and whether there are several rules.
  bool has_inputs_ = false, has_rules_ = false;
  DeviceBuffer<unsigned char> scratch_;  // of CUB
  std::size_t sort_bytes_ = 0, scan_bytes_ = 0;
};

}  // namespace edgeval::gpu
