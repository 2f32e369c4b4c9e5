// Large matrices between host and device, through pinned memory by several threads of the host: one
// of them copies some 8 GB/s into such memory, where a link carries 55 (docs/gpu.md).
#pragma once

#include <vector>

#include "cuda/device/memory.hpp"

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
  // Divides `rows` of so many bytes into parts and calls copy(part, first row, rows of the part)
  // for each, on a thread of its own where that pays.
  template <class Copy>
  void in_parts(Index rows, Index row_bytes, const Copy& copy);

  struct Part {
    Uploads uploads;
    Downloads downloads;
  };
  std::vector<Part> parts_;
};

}  // namespace edgeval::gpu
