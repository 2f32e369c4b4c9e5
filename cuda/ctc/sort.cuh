// Sorts within a thread block.
#pragma once

#include "cuda/device/block.cuh"

namespace edgeval::gpu {

// Sorts items [count], which lie in memory that the whole block sees, so that before(a, b) holds
// for every a in front of a b; before is a total order. Every thread of the block must call it, and
// what any of them wrote before a barrier is sorted; all of them see the result. Runs of sorted
// items are merged by exchanges of two items (Batcher, "Sorting networks and their applications",
// 1968), first those of a run and the mirrored one beside it, so that all exchanges have one
// direction and places behind the last item need no items.
template <class T, class Before>
__device__ void sort(CudaBlock block, T* items, int count, Before before) {
  // A warp exchanges the items of 2 * kWarp places among themselves while these are not farther
  // apart than kWarp: then its threads wait for one another alone.
  const auto wait = [&](int next_apart) {
    if (next_apart > kWarp)
      block.synchronize();
    else
      __syncwarp();
  };
  int places = 2;
  while (places < count) places *= 2;
  for (int run = 2; run <= places; run *= 2)
    for (int apart = run / 2; apart > 0; apart /= 2) {
      // What turns the place of the first item of an exchange into that of the second.
      const int other = apart == run / 2 ? run - 1 : apart;
      for (int pair = static_cast<int>(threadIdx.x); pair < places / 2;
           pair += static_cast<int>(blockDim.x)) {
        const int first = 2 * pair - (pair & (apart - 1)), second = first ^ other;
        if (second >= count) continue;
        const T a = items[first], b = items[second];
        if (before(b, a)) {
          items[first] = b;
          items[second] = a;
        }
      }
      wait(apart > 1 ? apart : run);
    }
  block.synchronize();
}

}  // namespace edgeval::gpu
