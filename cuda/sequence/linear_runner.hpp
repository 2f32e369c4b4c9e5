// Runs a linear layer on the GPU, over all frames of the lanes:
//   operand(x) -> product -> bias and rectifier.
// Integer sums are made for as many rows at a time as their memory allows.
#pragma once

#include "cuda/kernel/lanes.hpp"
#include "cuda/kernel/operand.hpp"
#include "cuda/sequence/numbers.hpp"
#include "cuda/sequence/weights.hpp"

namespace edgeval::gpu {

struct LinearTask {
  const LinearLayer& layer;
  const DeviceProducts& products;  // under the policy
  // The policies of the points side by side, in the order of their lanes, at least one. They differ
  // in the rules of their operands alone.
  std::span<const LayerPolicy* const> policies;
  Lanes lanes;
  DeviceView<float> x = {};       // [frames of the input, C]
  DeviceView<float> output = {};  // [frames, O]
  OperandTotals totals = {};      // of each lane

  const LayerPolicy& policy() const { return *policies.front(); }
};

// Owns the memory for one linear layer at a time. A task is reserved and run, in this order.
class LinearRunner {
 public:
  // chunk_bytes: how many bytes of sums are held at once.
  explicit LinearRunner(Index chunk_bytes) : chunk_bytes_(chunk_bytes) {}

  // Takes all the memory that a task needs. It does not read the task's views.
  void reserve(const LinearTask& task, const Stream& stream);
  void run(const LinearTask& task, const Stream& stream);

 private:
  // Returns whether x enters the product from where it lies.
  static bool keeps(const LinearTask& task) {
    return keeps_elements(task.policy()) && task.lanes.input == nullptr;
  }
  // Returns the number of rows whose integer sums are held at once.
  Index rows_at_once(const LinearTask& task) const;

  Index chunk_bytes_;
  DeviceBuffer<std::byte> operand_, state_, sums_;  // sums_ is for integers only
  LayerNumbers numbers_;
  OperandRule rule_;
};

}  // namespace edgeval::gpu
