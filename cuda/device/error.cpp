#include "cuda/device/error.hpp"

#include "host/core/error.hpp"

namespace edgeval::gpu {

Settle::~Settle() {
  if (std::uncaught_exceptions() > exceptions_) EDGEVAL_CUDA_NOTHROW(cudaDeviceSynchronize());
}

void check(cudaError_t status, const char* call, const char* file, int line) {
  if (status == cudaSuccess) return;
  static_cast<void>(
      cudaGetLastError());  // clears the error, which the next check must not find again
  const std::string text = concat(file, ":", line, ": ", call, ": ", cudaGetErrorName(status), ", ",
                                  cudaGetErrorString(status));
  if (status == cudaErrorMemoryAllocation) throw OutOfMemory(text);
  throw CudaError(text);
}

}  // namespace edgeval::gpu
