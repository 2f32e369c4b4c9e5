// Copies large matrices between host and device, through pinned memory and by several threads of
// the host: one thread copies some 8 GB/s into such memory, where a link carries 55 GB/s
// (docs/gpu.md).
#pragma once

#include <vector>

#include "cuda/device/memory.hpp"

namespace edgeval::gpu {

class BulkCopies {
 public:
  // threads: how many threads of the host may copy. Only a few do, since a link needs no more.
  explicit BulkCopies(int threads);

  // Copies a matrix to the device. The host's memory has been read when it returns.
  void upload(MatrixView<const float> from, DeviceView<float> to, cudaStream_t stream);
  // Copies `count` contiguous floats to the host. They are there when it returns.
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
