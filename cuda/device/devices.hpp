// Which GPUs there are, seen from plain C++. device.cpp knows, or cuda/absent.cpp in a build
// without CUDA.
#pragma once

#include <string>
#include <vector>

namespace edgeval::gpu {

bool built_with_cuda();

struct Device {
  int number;  // as CUDA counts them
  std::string name;
};

// The usable devices; none without a driver or without CUDA in the build.
std::vector<Device> devices();

}  // namespace edgeval::gpu
