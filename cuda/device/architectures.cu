// The GPUs that this build has code for, as nvcc was told.
#include <algorithm>

#include "cuda/device/device.hpp"

namespace edgeval::gpu {

int least_capability() {
#ifdef __CUDA_ARCH_LIST__  // 800, 900, ...
  return std::min({__CUDA_ARCH_LIST__}) / 10;
#else  // the stand-in needs no capability
  return 80;
#endif
}

}  // namespace edgeval::gpu
