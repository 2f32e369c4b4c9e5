// The tables of the softmax in integers (host/numeric/softmax.hpp) in device memory.
#pragma once

#include "cuda/device/memory.hpp"
#include "host/numeric/softmax.hpp"

namespace edgeval::gpu {

inline constexpr int kSoftmaxKnots = (1 << kSoftmaxKnotBits) + 1;  // of each table

class DeviceSoftmaxTables {
 public:
  void upload(const Stream& stream) {
    power_.upload(softmax_tables().power, kSoftmaxKnots, stream);
    logarithm_.upload(softmax_tables().logarithm, kSoftmaxKnots, stream);
  }
  SoftmaxTables view() const { return {power_.data(), logarithm_.data()}; }

 private:
  DeviceBuffer<std::uint32_t> power_, logarithm_;
};

}  // namespace edgeval::gpu
