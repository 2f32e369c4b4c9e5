#include "cuda/device/memory.hpp"

#include <algorithm>
#include <atomic>

#include "cuda/device/switches.hpp"
#include "host/core/error.hpp"

namespace edgeval::gpu {

Index free_bytes() {
  std::size_t free = 0, total = 0;
  EDGEVAL_CUDA(cudaMemGetInfo(&free, &total));
  return static_cast<Index>(free);
}
namespace {

std::atomic<std::uint64_t> given_back{0};

bool poisons() {
  static const bool set = switched_on("EDGEVAL_POISON");
  return set;
}

}  // namespace

void* fresh_memory(std::size_t bytes, cudaStream_t stream) {
  void* memory = nullptr;
  EDGEVAL_CUDA(cudaMalloc(&memory, bytes));
  if (!poisons()) return memory;
  const cudaError_t poisoned = cudaMemsetAsync(memory, 0xFF, bytes, stream);
  if (poisoned != cudaSuccess) give_back(memory);
  EDGEVAL_CUDA(poisoned);
  return memory;
}

void give_back(void* memory) noexcept {
  ++given_back;
  EDGEVAL_CUDA_NOTHROW(cudaFree(memory));
}

std::uint64_t times_given_back() { return given_back; }

void expect_margin() {
  constexpr std::size_t kMargin = std::size_t{128} << 20, kLeastShare = 32;
  std::size_t free = 0, total = 0;
  EDGEVAL_CUDA(cudaMemGetInfo(&free, &total));
  const std::size_t margin = std::min(kMargin, total / kLeastShare);
  if (free < margin)
    throw OutOfMemory(
        concat("of the device's memory ", free, " bytes are left, ", margin, " are kept free"));
}

}  // namespace edgeval::gpu
