// The block of the bodies on the GPU: a one-dimensional CUDA thread block of whole warps, 1024
// threads at most. Thread i visits elements i, i + threads, ..., the same ones in every loop, so
// memory of one element needs no barrier between loops. Every thread of the block must call every
// function.
#pragma once

#include "host/core/matrix.hpp"

namespace edgeval::gpu {

inline constexpr int kWarp = 32;

// Threads for rows of `width` elements: whole warps, one element each as far as `most` goes.
inline int threads_for(Index width, int most = 256) {
  const Index whole = (width + kWarp - 1) / kWarp * kWarp;
  return static_cast<int>(whole < kWarp ? kWarp : (whole < most ? whole : most));
}

struct CudaBlock {
  template <class Visit>
  __device__ void for_each(Index count, Visit visit) const {
    for (Index i = threadIdx.x; i < count; i += blockDim.x) visit(i);
  }

  template <class Value>
  __device__ int sum(Index count, Value value) const {
    __shared__ int of_warp[kWarp];
    int mine = 0;
    for (Index i = threadIdx.x; i < count; i += blockDim.x) mine += value(i);
    mine = __reduce_add_sync(0xFFFFFFFFU, mine);
    if (threadIdx.x % kWarp == 0) of_warp[threadIdx.x / kWarp] = mine;
    __syncthreads();
    int total = 0;
    for (unsigned warp = 0; warp < blockDim.x / kWarp; ++warp) total += of_warp[warp];
    __syncthreads();  // of_warp is free for the next sum
    return total;
  }

  template <class Action>
  __device__ void once(Action action) const {
    if (threadIdx.x == 0) action();
  }

  __device__ void synchronize() const { __syncthreads(); }
};

}  // namespace edgeval::gpu
