// The last kernels of a layer: skipped frames take the h of the frame that ran before them, and a
// linear layer's bias and rectifier (bodies in host/body/unpack.hpp and linear.hpp); then, for the
// way to the host, rows without their padding, or the greatest of each row alone.
#pragma once

#include "cuda/device/digits.hpp"
#include "cuda/kernel/plan.hpp"
#include "host/body/linear.hpp"
#include "host/layer/layer_policy.hpp"

namespace edgeval::gpu {

// output [frames, H]: this direction's columns.
void launch_unpack(const Lanes& lanes, const PlanView& plan, bool backward,
                   DeviceView<float> output, cudaStream_t stream);

// The end of a linear layer: products [rows of y, O], which may be y itself in fp32 -> y.
struct LinearFinish {
  SumRows products;
  PolicyStruct numbers;  // those of the arithmetic
  ActivationRange range;
  DeviceView<float> y;
  LinearEnd end = LinearEnd::kActivation;  // or kTanh
  const Index* rows = nullptr;             // how many of y's there are, in device memory; null: all
};
void launch_linear(const Arithmetic& arithmetic, const LinearFinish& task, cudaStream_t stream);

// of each row its greatest value (first_greatest): best [rows].
void launch_greatest(DeviceView<const float> rows, std::int32_t* best, cudaStream_t stream);

// to [rows, cols], contiguous.
void launch_remove_padding(DeviceView<const float> from, float* to, cudaStream_t stream);

}  // namespace edgeval::gpu
