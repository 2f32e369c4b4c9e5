#include "cuda/device/memory.hpp"

#include <algorithm>
#include <atomic>
#include <limits>

#include "cuda/device/switches.hpp"
#include "host/core/error.hpp"

namespace edgeval::gpu {

namespace {

constexpr Index kNoLimit = std::numeric_limits<Index>::max();

// What this process has of a device's memory.
struct Account {
  std::atomic<Index> taken{0}, limit{kNoLimit};
  std::atomic<std::uint64_t> given_back{0};
};

// Returns the account of the current device.
Account& account() noexcept {
  static std::vector<Account> accounts = [] {
    int count = 0;
    EDGEVAL_CUDA_NOTHROW(cudaGetDeviceCount(&count));
    return std::vector<Account>(static_cast<std::size_t>(std::max(count, 1)));
  }();
  int device = 0;
  EDGEVAL_CUDA_NOTHROW(cudaGetDevice(&device));
  return accounts[static_cast<std::size_t>(device)];
}

// The memory of the current device in bytes.
struct DeviceBytes {
  Index free, total;
};

DeviceBytes device_bytes() {
  std::size_t free = 0, total = 0;
  EDGEVAL_CUDA(cudaMemGetInfo(&free, &total));
  const Account& own = account();
  const Index limit = own.limit;
  return {std::clamp(limit - own.taken, Index{0}, static_cast<Index>(free)),
          std::min(limit, static_cast<Index>(total))};
}

bool poisons() {
  static const bool set = switched_on("EDGEVAL_POISON");
  return set;
}

}  // namespace

void limit_memory(Index bytes) { account().limit = bytes > 0 ? bytes : kNoLimit; }

void* fresh_memory(Index bytes, cudaStream_t stream) {
  Account& own = account();
  own.taken += bytes;
  void* memory = nullptr;
  const bool allowed = own.taken <= own.limit;
  const cudaError_t taken =
      allowed ? cudaMalloc(&memory, static_cast<std::size_t>(bytes)) : cudaErrorMemoryAllocation;
  if (taken != cudaSuccess) own.taken -= bytes;
  if (!allowed)
    throw OutOfMemory(concat("more than ", own.limit.load(), " bytes of the device's memory"));
  EDGEVAL_CUDA(taken);
  if (!poisons()) return memory;
  const cudaError_t poisoned =
      cudaMemsetAsync(memory, 0xFF, static_cast<std::size_t>(bytes), stream);
  if (poisoned != cudaSuccess) give_back(memory, bytes);
  EDGEVAL_CUDA(poisoned);
  return memory;
}

void give_back(void* memory, Index bytes) noexcept {
  Account& own = account();
  ++own.given_back;
  own.taken -= bytes;
  EDGEVAL_CUDA_NOTHROW(cudaFree(memory));
}

std::uint64_t times_given_back() { return account().given_back; }

Index free_bytes() { return device_bytes().free; }

void expect_margin() {
  constexpr Index kMargin = Index{128} << 20, kLeastShare = 32;
  const DeviceBytes bytes = device_bytes();
  const Index margin = std::min(kMargin, bytes.total / kLeastShare);
  if (bytes.free < margin)
    throw OutOfMemory(concat("of the device's memory ", bytes.free, " bytes are left, ", margin,
                             " are kept free"));
}

}  // namespace edgeval::gpu
