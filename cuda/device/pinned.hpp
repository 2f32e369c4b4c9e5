// Elements in pinned host memory, which the device copies to and from without the host's help.
#pragma once

#include <memory>
#include <type_traits>

#include "cuda/device/error.hpp"
#include "host/core/matrix.hpp"

namespace edgeval::gpu {

template <class T>
class PinnedBuffer {
 public:
  static_assert(std::is_trivially_copyable_v<T>, "copied byte by byte");

  explicit PinnedBuffer(Index count) {
    void* data = nullptr;
    EDGEVAL_CUDA(cudaMallocHost(&data, static_cast<std::size_t>(count) * sizeof(T)));
    data_.reset(static_cast<T*>(data));
  }
  T* data() const { return data_.get(); }
  T& operator[](Index i) const { return data_.get()[i]; }

 private:
  struct Free {
    void operator()(T* data) const { EDGEVAL_CUDA_NOTHROW(cudaFreeHost(data)); }
  };
  std::unique_ptr<T, Free> data_;
};

}  // namespace edgeval::gpu
