#include "cuda/device/launch.hpp"

#include "cuda/device/switches.hpp"

namespace edgeval::gpu {
namespace {

bool synchronous() {
  static const bool set = switched_on("EDGEVAL_SYNC");
  return set;
}

}  // namespace

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
