#include "tests/standin/shared_memory.hpp"

#include <cstdint>
#include <cstring>

#include "tests/standin/fault.hpp"

#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/asan_interface.h>
#else
#define ASAN_POISON_MEMORY_REGION(data, bytes) static_cast<void>(0)
#define ASAN_UNPOISON_MEMORY_REGION(data, bytes) static_cast<void>(0)
#endif

namespace edgeval::standin {
namespace {

constexpr std::size_t kGuardBytes = 64;  // guarded bytes between arrays
constexpr std::size_t kBytes = SharedMemory::kMostStatic + SharedMemory::kMostDynamic + (64 << 10);

}  // namespace

SharedMemory::SharedMemory() : memory_(new std::byte[kBytes]) {
  std::memset(memory_.get(), 0xFF, kBytes);
}

void SharedMemory::start(std::size_t dynamic_bytes, std::size_t most) {
  ASAN_UNPOISON_MEMORY_REGION(memory_.get(), used_);
  std::memset(memory_.get(), 0xFF, used_);
  ASAN_POISON_MEMORY_REGION(memory_.get(), kBytes);
  arrays_.clear();
  used_ = static_bytes_ = 0;
  dynamic_bytes_ = dynamic_bytes;
  most_ = most;
  dynamic_ = dynamic_bytes > 0 ? take(dynamic_bytes, 16) : nullptr;
}

std::byte* SharedMemory::take(std::size_t bytes, std::size_t alignment) {
  const auto start = reinterpret_cast<std::uintptr_t>(memory_.get());
  const std::size_t first =
      (start + used_ + kGuardBytes + alignment - 1) / alignment * alignment - start;
  used_ = first + bytes;
  if (used_ + kGuardBytes > kBytes) throw KernelFault("a kernel declares too many shared arrays");
  ASAN_UNPOISON_MEMORY_REGION(memory_.get() + first, bytes);
  return memory_.get() + first;
}

void* SharedMemory::array(const void* declaration, std::size_t bytes, std::size_t alignment) {
  for (const Array& array : arrays_)
    if (array.declaration == declaration) return array.data;
  static_bytes_ += bytes;
  if (static_bytes_ > kMostStatic)
    throw KernelFault("a kernel declares more than 48 KiB of shared memory");
  if (static_bytes_ + dynamic_bytes_ > most_)
    throw KernelFault("static and dynamic shared memory are more than the kernel may have");
  return arrays_.emplace_back(Array{declaration, take(bytes, alignment)}).data;
}

void* SharedMemory::dynamic() const {
  if (dynamic_ == nullptr) throw KernelFault("a kernel was launched without dynamic shared memory");
  return dynamic_;
}

}  // namespace edgeval::standin
