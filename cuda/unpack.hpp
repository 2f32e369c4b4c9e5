// The last kernels of a layer: skipped frames take the h of the frame that ran before them, and a
// linear layer's bias and rectifier (bodies in host/engine/body/unpack.hpp and linear.hpp).
#pragma once

#include "cuda/plan.hpp"
#include "host/engine/body/linear.hpp"

namespace edgeval::gpu {

// output [frames, H]: this direction's columns.
void launch_unpack(const Lanes& lanes, const PlanView& plan, bool backward,
                   DeviceView<float> output, cudaStream_t stream);

// y [frames, O] holds the products and becomes y + bias, clamped to the range.
void launch_linear(DeviceView<float> y, const float* bias, ActivationRange range,
                   cudaStream_t stream);

}  // namespace edgeval::gpu
