// A kernel's grid on the CPU. Blocks run one after the other in shuffled order. The threads of a
// block are fibers of one thread of the system: a thread runs until it waits at a barrier or for
// its warp, and the order in which those that may run do is shuffled, too.
#pragma once

#include <cuda_runtime.h>

#include <functional>

#include "tests/standin/random.hpp"

namespace edgeval::standin {

struct GridLaunch {
  dim3 blocks;
  unsigned threads = 0;           // of a block
  std::size_t dynamic_bytes = 0;  // of shared memory
  std::size_t most_shared = 0;    // bytes, static and dynamic
  std::function<void()> thread;   // what each of them runs
};

// Throws KernelFault (fault.hpp) where CUDA leaves undefined what happens.
void run_grid(const GridLaunch& grid, Order& order);

}  // namespace edgeval::standin
