// The block of the bodies on the GPU: a one-dimensional CUDA thread block of whole warps, 1024
// threads at most. Thread i visits elements i, i + threads, ..., the same ones in every loop, so
// memory of one element needs no barrier between loops. Every thread of the block must call every
// function.
#pragma once

#include <type_traits>

#include "cuda/device/shared.hpp"
#include "host/core/matrix.hpp"

namespace edgeval::gpu {

inline constexpr int kWarp = 32;

// Returns the number of threads for rows of `width` elements: whole warps, with a thread for each
// element where these are not more than `most`.
inline int threads_for(Index width, int most = 256) {
  const Index whole = (width + kWarp - 1) / kWarp * kWarp;
  return static_cast<int>(whole < kWarp ? kWarp : (whole < most ? whole : most));
}

// Returns shuffle(word) of every word of `value`, of any type that can be copied as words.
template <class T, class Shuffle>
__device__ T shuffled(const T& value, Shuffle shuffle) {
  static_assert(std::is_trivially_copyable_v<T> && sizeof(T) % sizeof(unsigned) == 0);
  constexpr std::size_t kWords = sizeof(T) / sizeof(unsigned);
  unsigned words[kWords];
  memcpy(words, &value, sizeof value);
  for (unsigned& word : words) word = shuffle(word);
  T moved;
  memcpy(&moved, words, sizeof moved);
  return moved;
}

// Returns the `value` of the lane `apart` places further on.
template <class T>
__device__ T shuffled_down(const T& value, int apart) {
  return shuffled(value, [&](unsigned word) { return __shfl_down_sync(0xFFFFFFFFU, word, apart); });
}

// One warp as a block of the bodies. The threads of other warps need not call anything.
struct CudaWarp {
  template <class Visit>
  __device__ void for_each(Index count, Visit visit) const {
    for (Index i = lane(); i < count; i += kWarp) visit(i);
  }

  template <class T, class Value>
  __device__ T total(Index count, Value value) const {
    T mine = 0;
    for (Index i = lane(); i < count; i += kWarp) mine += value(i);
    return combined(mine, [](T a, T b) { return a + b; });
  }

  template <class T, class Value, class Before>
  __device__ T best(Index count, T none, Value value, Before before) const {
    T mine = none;
    const auto better = [&](const T& a, const T& b) { return before(b, a) ? b : a; };
    for (Index i = lane(); i < count; i += kWarp) mine = better(mine, value(i));
    return combined(mine, better);
  }

  template <class Action>
  __device__ void once(Action action) const {
    if (lane() == 0) action();
  }

  __device__ void synchronize() const { __syncwarp(); }

  // Combines the values of all lanes, two at a time, and returns the result to every lane. What
  // combine(a, b) returns does not depend on the order of a and b.
  template <class T, class Combine>
  __device__ T combined(T mine, Combine combine) const {
    for (int apart = kWarp / 2; apart > 0; apart /= 2)
      mine = combine(mine, shuffled(mine, [&](unsigned word) {
                       return __shfl_xor_sync(0xFFFFFFFFU, word, apart);
                     }));
    return mine;
  }

 private:
  static __device__ unsigned lane() { return threadIdx.x % kWarp; }
};

struct CudaBlock {
  template <class Visit>
  __device__ void for_each(Index count, Visit visit) const {
    for (Index i = threadIdx.x; i < count; i += blockDim.x) visit(i);
  }

  template <class Value>
  __device__ int sum(Index count, Value value) const {
    EDGEVAL_SHARED(int, of_warp, kWarp);
    int mine = 0;
    for (Index i = threadIdx.x; i < count; i += blockDim.x) mine += value(i);
    mine = __reduce_add_sync(0xFFFFFFFFU, mine);
    if (threadIdx.x % kWarp == 0) of_warp[threadIdx.x / kWarp] = mine;
    synchronize();
    int total = 0;
    for (unsigned warp = 0; warp < blockDim.x / kWarp; ++warp) total += of_warp[warp];
    synchronize();  // of_warp is free for the next sum
    return total;
  }

  template <class T, class Value>
  __device__ T total(Index count, Value value) const {
    T mine = 0;
    for (Index i = threadIdx.x; i < count; i += blockDim.x) mine += value(i);
    return reduced(mine, [](T a, T b) { return a + b; });
  }

  template <class T, class Value, class Before>
  __device__ T best(Index count, T none, Value value, Before before) const {
    T mine = none;
    const auto better = [&](const T& a, const T& b) { return before(b, a) ? b : a; };
    for (Index i = threadIdx.x; i < count; i += blockDim.x) mine = better(mine, value(i));
    return reduced(mine, better);
  }

  template <class Action>
  __device__ void once(Action action) const {
    if (threadIdx.x == 0) action();
  }

  __device__ void synchronize(const char* file = __builtin_FILE(),
                              int line = __builtin_LINE()) const {
    EDGEVAL_BARRIER(file, line);
  }

 private:
  // Combines the values of all threads, always in the same order, and returns the result to every
  // thread.
  template <class T, class Combine>
  __device__ T reduced(T mine, Combine combine) const {
    EDGEVAL_SHARED(T, of_warp, kWarp);
    for (int apart = kWarp / 2; apart > 0; apart /= 2)
      mine = combine(mine, shuffled_down(mine, apart));
    if (threadIdx.x % kWarp == 0) of_warp[threadIdx.x / kWarp] = mine;
    synchronize();
    T all = of_warp[0];
    for (unsigned warp = 1; warp < blockDim.x / kWarp; ++warp) all = combine(all, of_warp[warp]);
    synchronize();  // of_warp is free for the next one
    return all;
  }
};

}  // namespace edgeval::gpu
