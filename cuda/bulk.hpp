// Large matrices between host and device by several threads of the host: one of them copies some 8
// GB/s into pinned memory or out of it, where a link carries 55 (docs/gpu.md). What lies in memory
// that is not pinned goes at 1 GB/s by itself.
#pragma once

#include <vector>

#include "cuda/memory.hpp"

namespace edgeval::gpu {

class BulkCopies {
 public:
  // threads: of the host, at most; a link needs no more than a few.
  explicit BulkCopies(int threads);

  // The host's side is read before it returns.
  void upload(MatrixView<const float> from, DeviceView<float> to, cudaStream_t stream);
  // `count` floats that lie one behind the other; they are there when it returns.
  void download(const float* from, float* to, Index count, cudaStream_t stream);

 private:
  // Calls copy(part, first, count) for parts of `count` things of so many bytes, on a thread each
  // where that pays.
  template <class Copy>
  void in_parts(Index count, Index bytes_of_each, const Copy& copy);

  struct Part {
    Uploads uploads;
    Downloads downloads;
  };
  std::vector<Part> parts_;
};

}  // namespace edgeval::gpu
