// The last kernels of a layer (bodies in host/body/unpack.hpp and linear.hpp): skipped frames take
// the h of the frame that ran before them, and a linear layer adds its bias and rectifies. Two more
// make what is sent to the host: rows without their padding, or only the greatest of each row.
#pragma once

#include "cuda/device/digits.hpp"
#include "cuda/kernel/plan.hpp"
#include "host/body/linear.hpp"
#include "host/layer/layer_policy.hpp"

namespace edgeval::gpu {

// Copies outputs over skipped frames. output [frames, H]: this direction's columns.
void launch_unpack(const Lanes& lanes, const PlanView& plan, bool backward,
                   DeviceView<float> output, cudaStream_t stream);

// The end of a linear layer, which turns products [rows of y, O] into y. In fp32 both may be the
// same memory.
struct LinearFinish {
  SumRows products;
  PolicyStruct numbers;  // those of the arithmetic
  ActivationRange range;
  DeviceView<float> y;
  LinearEnd end = LinearEnd::kActivation;  // or kTanh
  const Index* rows = nullptr;  // how many rows of y are written, in device memory; null: all
};
void launch_linear(const Arithmetic& arithmetic, const LinearFinish& task, cudaStream_t stream);

// Writes to best [rows] the number of the greatest value of each row (first_greatest).
void launch_greatest(DeviceView<const float> rows, std::int32_t* best, cudaStream_t stream);

// Copies the rows to `to` [rows, cols], which is contiguous.
void launch_remove_padding(DeviceView<const float> from, float* to, cudaStream_t stream);

}  // namespace edgeval::gpu
