// Runs the grid of a kernel on the CPU. Blocks run one after the other in shuffled order. The
// threads of a block are fibers of one thread of the system: a thread runs until it waits at a
// barrier or for its warp. The order of the threads that may run is shuffled, too.
#pragma once

#include <cuda_runtime.h>

#include <functional>

#include "tests/standin/random.hpp"

namespace edgeval::standin {

struct GridLaunch {
  dim3 blocks;
  unsigned threads = 0;           // threads of a block
  std::size_t dynamic_bytes = 0;  // bytes of dynamic shared memory
  std::size_t most_shared = 0;    // bytes that static and dynamic shared memory may have in all
  std::function<void()> thread;   // what each thread runs
};

// Runs the grid in the order that `order` draws. Throws KernelFault (fault.hpp) where CUDA leaves
// undefined what happens.
void run_grid(const GridLaunch& grid, Order& order);

}  // namespace edgeval::standin
