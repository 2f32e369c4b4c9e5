// The memory of a GPU, as CUDA tells it.
#pragma once

#include <cuda_runtime.h>
#include <gtest/gtest.h>

namespace edgeval::test {

// In bytes.
struct GpuMemory {
  std::size_t free = 0, total = 0;
  std::size_t taken() const { return total - free; }
};

// Returns that of the device with this number.
inline GpuMemory memory_of_gpu(int number) {
  int current = 0;
  GpuMemory memory;
  EXPECT_EQ(cudaGetDevice(&current), cudaSuccess);
  EXPECT_EQ(cudaSetDevice(number), cudaSuccess);
  EXPECT_EQ(cudaMemGetInfo(&memory.free, &memory.total), cudaSuccess);
  EXPECT_EQ(cudaSetDevice(current), cudaSuccess);
  return memory;
}

}  // namespace edgeval::test
