// Checks of everything that CUDA and cuBLAS answer. EDGEVAL_CUDA and EDGEVAL_CUBLAS throw;
// EDGEVAL_CUDA_NOTHROW is for destructors, where a failure shows at the next checked call.
// Launches check themselves (launch.hpp).
#pragma once

#include <cublasLt.h>
#include <cuda_runtime.h>

#include <stdexcept>

namespace edgeval::gpu {

// A fault of the machine or of this program, never of the user's input.
class CudaError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// Device memory is used up; the engine goes on with fewer lanes at a time.
class OutOfMemory : public CudaError {
 public:
  using CudaError::CudaError;
};

void check(cudaError_t status, const char* call, const char* file, int line);
void check(cublasStatus_t status, const char* call, const char* file, int line);

}  // namespace edgeval::gpu

#define EDGEVAL_CUDA(call) ::edgeval::gpu::check((call), #call, __FILE__, __LINE__)
#define EDGEVAL_CUBLAS(call) ::edgeval::gpu::check((call), #call, __FILE__, __LINE__)
#define EDGEVAL_CUDA_NOTHROW(call) static_cast<void>(call)
