// Helpers for the stand-in's own tests: device memory with values, and kernels that run to their
// end.
#pragma once

#include <cuda_runtime.h>
#include <gtest/gtest.h>

#include <vector>

#include "tests/standin/control.hpp"

namespace edgeval::standin {

// A stream that lives as long as the object.
struct OneStream {
  cudaStream_t handle = nullptr;
  OneStream() { EXPECT_EQ(cudaStreamCreateWithFlags(&handle, cudaStreamNonBlocking), cudaSuccess); }
  ~OneStream() { static_cast<void>(cudaStreamDestroy(handle)); }  // fails if a kernel failed
  OneStream(const OneStream&) = delete;
  operator cudaStream_t() const { return handle; }
};

// Device memory with `count` elements.
template <class T>
struct Device {
  T* data = nullptr;
  std::size_t count;

  explicit Device(std::size_t elements) : count(elements) {
    EXPECT_EQ(cudaMalloc(reinterpret_cast<void**>(&data), count * sizeof(T)), cudaSuccess);
  }
  explicit Device(const std::vector<T>& values) : Device(values.size()) {
    const OneStream stream;
    EXPECT_EQ(
        cudaMemcpyAsync(data, values.data(), count * sizeof(T), cudaMemcpyHostToDevice, stream),
        cudaSuccess);
    EXPECT_EQ(cudaStreamSynchronize(stream), cudaSuccess);
  }
  ~Device() { EXPECT_EQ(cudaFree(data), cudaSuccess); }
  Device(const Device&) = delete;

  std::vector<T> values() const {
    const OneStream stream;
    std::vector<T> all(count);
    EXPECT_EQ(cudaMemcpyAsync(all.data(), data, count * sizeof(T), cudaMemcpyDeviceToHost, stream),
              cudaSuccess);
    EXPECT_EQ(cudaStreamSynchronize(stream), cudaSuccess);
    return all;
  }
};

template <class... Parameters, class... Arguments>
cudaError_t run_shared(void (*kernel)(Parameters...), dim3 blocks, unsigned threads,
                       std::size_t shared_bytes, Arguments... arguments) {
  const OneStream stream;
  cudaLaunchConfig_t config{};
  config.gridDim = blocks;
  config.blockDim = dim3(threads);
  config.dynamicSmemBytes = shared_bytes;
  config.stream = stream;
  const cudaError_t error = cudaLaunchKernelEx(&config, kernel, arguments...);
  return error == cudaSuccess ? cudaStreamSynchronize(stream) : error;
}

template <class... Parameters, class... Arguments>
cudaError_t run(void (*kernel)(Parameters...), dim3 blocks, unsigned threads,
                Arguments... arguments) {
  return run_shared(kernel, blocks, threads, 0, arguments...);
}

}  // namespace edgeval::standin
