// What CUB's functions share. Called without scratch memory, they say how much they want; called
// with it, they give work to a stream. All of the scratch memory is written, so that too little of
// it shows.
#pragma once

#include <cuda_runtime.h>

namespace edgeval::standin {

constexpr std::size_t scan_bytes(std::int64_t count) {
  return 767 + static_cast<std::size_t>(count) / 64 * 16;
}
constexpr std::size_t sort_bytes(std::int64_t count) {
  return 1279 + static_cast<std::size_t>(count) * 8;
}

cudaError_t library_call(void* scratch, std::size_t& bytes, std::size_t wanted, cudaStream_t stream,
                         std::function<void()> work);

}  // namespace edgeval::standin
