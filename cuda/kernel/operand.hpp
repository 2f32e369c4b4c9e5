// Makes what enters the product with W: brings rows of x through the operand's rule (body in
// host/body/operand.hpp). A recurrent layer gathers the packed rows of a chunk of steps; a linear
// layer takes the frames in their order.
#pragma once

#include "cuda/device/digits.hpp"
#include "cuda/kernel/pack.hpp"
#include "host/layer/layer_policy.hpp"
#include "host/technique/reuse_levels.hpp"

namespace edgeval::gpu {

struct InputOperand {
  DeviceView<const float> x;  // [frames, C]; if gathered, [rows of the chunk, C k]
  OperandRows operand;   // [rows of the chunk, C]; may be x itself where elements stay as they are
  PolicyElements state;  // Rule::State [N, C], by position; null when the rule has none
  PolicyStruct rule;     // OperandRule::data(); each lane has the rule that its number tells
  OperandTotals totals;
  Index first_step = 0, end_step = 0;  // of the chunk
  Index lanes = 0;                     // how many lanes run the first step
  Index first_row = 0;                 // packed row where the first step begins
  bool gathered = false;               // whether x has the packed rows already
};

// The windows of a chunk. Those of the packed rows from first_row on of x [frames, C] are written
// to windows [rows, C k].
struct WindowTask {
  DeviceView<const float> x;
  DeviceView<float> windows;
  Index first_row;
  Index window;  // k, frames
  bool backward;
};

// Returns whether elements enter the products as they are, so that no operand needs to be written.
bool keeps_elements(const LayerPolicy& policy);

// Returns the number of bytes of a Rule::State; 0 where elements stay as they are.
Index state_bytes(const LayerPolicy& policy);

// Returns whether a Rule::State remembers anything.
bool has_state(const LayerPolicy& policy);

// The operand's rule as the policy's arithmetic sees values, in device memory, for the products of
// x and those of h; or the rules of several policies, whose types are the same.
class OperandRule {
 public:
  // Prepares the rules and takes all their memory. h_bits: fraction bits of h in integers.
  void reserve(std::span<const LayerPolicy* const> policies, int h_bits, cudaStream_t stream);
  void reserve(const LayerPolicy& policy, int h_bits, cudaStream_t stream);
  void upload(const Stream& stream);
  PolicyStruct data() const { return on_device_.data(); }

 private:
  std::vector<ReuseLevel> levels_;
  std::vector<std::byte> bytes_;
  DeviceBuffer<ReuseLevel> levels_on_device_;
  DeviceBuffer<std::byte> on_device_;
};

// Writes `count` states as they are before a sequence's first step.
void launch_initial_state(const LayerPolicy& policy, PolicyElements state, Index count,
                          cudaStream_t stream);

void launch_windows(const Lanes& lanes, const PackView& pack, const WindowTask& task,
                    cudaStream_t stream);

// Brings the packed rows of a chunk through the rule.
void launch_packed_operand(const LayerPolicy& policy, const PackView& pack,
                           const InputOperand& task, cudaStream_t stream);

// Brings every frame of every lane through the rule. What the task says of a chunk is not read.
void launch_frame_operand(const LayerPolicy& policy, const Lanes& lanes, const InputOperand& task,
                          cudaStream_t stream);

}  // namespace edgeval::gpu
