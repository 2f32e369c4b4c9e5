// Lists the GPUs, for plain C++. The functions are in device.cpp, or in cuda/absent.cpp for a build
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

// Returns the usable devices. There are none without a driver or without CUDA in the build.
std::vector<Device> devices();

}  // namespace edgeval::gpu
