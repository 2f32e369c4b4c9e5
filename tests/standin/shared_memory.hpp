// The shared memory of the block that runs: an array for each declaration, and dynamic memory. All
// of it holds bytes 0xFF when a block starts, and AddressSanitizer guards the bytes between arrays.
#pragma once

#include <cstddef>
#include <memory>
#include <vector>

namespace edgeval::standin {

class SharedMemory {
 public:
  static constexpr std::size_t kMostStatic = 48 << 10;    // bytes that a kernel may declare
  static constexpr std::size_t kMostDynamic = 227 << 10;  // bytes that compute capability 9.0 has

  SharedMemory();
  // Prepares the memory for a block. `most` is the number of bytes that the kernel may have in all,
  // static and dynamic.
  void start(std::size_t dynamic_bytes, std::size_t most);
  void* array(const void* declaration, std::size_t bytes, std::size_t alignment);
  void* dynamic() const;

 private:
  struct Array {
    const void* declaration;
    std::byte* data;
  };
  std::byte* take(std::size_t bytes, std::size_t alignment);

  std::unique_ptr<std::byte[]> memory_;
  std::vector<Array> arrays_;
  std::byte* dynamic_ = nullptr;
  std::size_t used_ = 0, static_bytes_ = 0, dynamic_bytes_ = 0, most_ = 0;
};

}  // namespace edgeval::standin
