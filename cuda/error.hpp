// Checks of everything that CUDA and cuBLAS answer. EDGEVAL_CUDA and EDGEVAL_CUBLAS throw;
// EDGEVAL_CUDA_NOTHROW is for destructors, where a failure shows at the next checked call;
// EDGEVAL_LAUNCHED follows every launch, inside its launcher. With EDGEVAL_SYNC=1 in the
// environment each launch is waited for, so that a fault is reported where it happened.
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
void check_launch(cudaStream_t stream, const char* file, int line);

}  // namespace edgeval::gpu

#define EDGEVAL_CUDA(call) ::edgeval::gpu::check((call), #call, __FILE__, __LINE__)
#define EDGEVAL_CUBLAS(call) ::edgeval::gpu::check((call), #call, __FILE__, __LINE__)
#define EDGEVAL_CUDA_NOTHROW(call) static_cast<void>(call)
#define EDGEVAL_LAUNCHED(stream) ::edgeval::gpu::check_launch((stream), __FILE__, __LINE__)
