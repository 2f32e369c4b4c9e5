// The last kernels of a layer: skipped frames take the h of the frame that ran before them, and a
// linear layer's bias and rectifier (bodies in host/engine/body/unpack.hpp and linear.hpp).
#pragma once

#include "cuda/digits.hpp"
#include "cuda/plan.hpp"
#include "host/engine/body/linear.hpp"
#include "host/engine/engine.hpp"

namespace edgeval::gpu {

// output [frames, H]: this direction's columns.
void launch_unpack(const Lanes& lanes, const PlanView& plan, bool backward,
                   DeviceView<float> output, cudaStream_t stream);

// products [rows of y, O], which may be y itself in fp32 -> y, with the bias and clamped to the
// range. numbers: those of the arithmetic, in device memory.
void launch_linear(const Arithmetic& arithmetic, SumRows products, const std::byte* numbers,
                   ActivationRange range, DeviceView<float> y, cudaStream_t stream);

}  // namespace edgeval::gpu
