// What enters the product with W: rows of x through the operand's rule (body in
// host/body/operand.hpp). Layers that recur gather the packed rows of a chunk of steps; a
// linear layer takes the frames as they lie.
#pragma once

#include "cuda/device/digits.hpp"
#include "cuda/kernel/pack.hpp"
#include "host/layer/layer_policy.hpp"
#include "host/technique/reuse_levels.hpp"

namespace edgeval::gpu {

struct InputOperand {
  DeviceView<const float> x;  // [frames, C], or of `gathered` [rows of the chunk, C k]
  OperandRows operand;   // [rows of the chunk, C]; may be x itself where elements stay as they are
  PolicyElements state;  // Rule::State [N, C], by position; null when the rule has none
  PolicyStruct rule;     // OperandRule::data()
  OperandTotals totals;
  Index first_step = 0, end_step = 0;  // of the chunk
  Index lanes = 0;                     // that run the first step
  Index first_row = 0;                 // packed row of the first step
  bool gathered = false;               // x has the packed rows already
};

// Windows of a chunk: packed rows [first_row, first_row + rows of `windows`) of x [frames, C] ->
// windows [rows, C k].
struct WindowTask {
  DeviceView<const float> x;
  DeviceView<float> windows;
  Index first_row;
  Index window;  // k, frames
  bool backward;
};

// Whether elements enter the products as they are, so that no operand needs to be written.
bool keeps_elements(const LayerPolicy& policy);

// Bytes of one Rule::State; 0 where elements stay as they are.
Index state_bytes(const LayerPolicy& policy);

// Whether a Rule::State remembers anything.
bool has_state(const LayerPolicy& policy);

// The operand's rule as the policy's arithmetic sees values, in device memory, for the products of
// x and those of h.
class OperandRule {
 public:
  // h_bits: fraction bits of h in integers. All the memory is taken here.
  void reserve(const LayerPolicy& policy, int h_bits, cudaStream_t stream);
  void upload(const Stream& stream);
  PolicyStruct data() const { return on_device_.data(); }

 private:
  std::vector<ReuseLevel> levels_;
  std::vector<std::byte> bytes_;
  DeviceBuffer<ReuseLevel> levels_on_device_;
  DeviceBuffer<std::byte> on_device_;
};

// `count` states as they are before a sequence's first step.
void launch_initial_state(const LayerPolicy& policy, PolicyElements state, Index count,
                          cudaStream_t stream);

void launch_windows(const Lanes& lanes, const PackView& pack, const WindowTask& task,
                    cudaStream_t stream);

void launch_packed_operand(const LayerPolicy& policy, const PackView& pack,
                           const InputOperand& task, cudaStream_t stream);

// Every frame of every lane; the chunk is not read.
void launch_frame_operand(const LayerPolicy& policy, const Lanes& lanes, const InputOperand& task,
                          cudaStream_t stream);

}  // namespace edgeval::gpu
