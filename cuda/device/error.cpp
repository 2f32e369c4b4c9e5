#include "cuda/device/error.hpp"

#include "cuda/device/launch.hpp"
#include "cuda/device/switches.hpp"
#include "host/core/error.hpp"

namespace edgeval::gpu {
namespace {

bool synchronous() {
  static const bool set = switched_on("EDGEVAL_SYNC");
  return set;
}

}  // namespace

Settle::~Settle() {
  if (std::uncaught_exceptions() > exceptions_) EDGEVAL_CUDA_NOTHROW(cudaDeviceSynchronize());
}

void check(cudaError_t status, const char* call, const char* file, int line) {
  if (status == cudaSuccess) return;
  static_cast<void>(
      cudaGetLastError());  // an error that passes must not be found again by the next check
  const std::string text = concat(file, ":", line, ": ", call, ": ", cudaGetErrorName(status), ", ",
                                  cudaGetErrorString(status));
  if (status == cudaErrorMemoryAllocation) throw OutOfMemory(text);
  throw CudaError(text);
}

void check(cublasStatus_t status, const char* call, const char* file, int line) {
  if (status == CUBLAS_STATUS_SUCCESS) return;
  const std::string text =
      concat(file, ":", line, ": ", call, ": ", cublasLtGetStatusString(status));
  if (status == CUBLAS_STATUS_ALLOC_FAILED) throw OutOfMemory(text);
  throw CudaError(text);
}

void check_launch(cudaError_t launched, const LaunchedAt& at) {
  const auto& [stream, file, line] = at;
  check(launched, "launch", file, line);
  if (!synchronous()) return;
  cudaStreamCaptureStatus capture = cudaStreamCaptureStatusNone;
  check(cudaStreamIsCapturing(stream, &capture), "cudaStreamIsCapturing", file, line);
  if (capture == cudaStreamCaptureStatusNone)  // a captured launch does not run yet
    check(cudaStreamSynchronize(stream), "launch", file, line);
}

}  // namespace edgeval::gpu
