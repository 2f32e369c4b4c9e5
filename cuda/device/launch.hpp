// All kernels are launched in this way:
//   launch(stream, kernel, {blocks}, threads, arguments...)
//   launch(stream, kernel, {blocks}, {threads, shared_bytes}, arguments...)
// runs `kernel` in a grid of `blocks` thread blocks of so many threads, each block with so many
// bytes of dynamic shared memory, behind what the stream was given before. The arguments are
// converted to the kernel's parameters and copied. A launch that CUDA refuses throws CudaError,
// which names the line that launched; with EDGEVAL_SYNC=1 in the environment each launch is waited
// for, so that a fault of the kernel is reported there, too.
#pragma once

#include "cuda/device/error.hpp"
#include "host/core/error.hpp"
#include "host/core/matrix.hpp"

namespace edgeval::gpu {

// A grid, in thread blocks. None of the three may be 0.
struct Blocks {
  Index x, y = 1, z = 1;
};

// A thread block, with bytes of dynamic shared memory beside its static one.
struct ThreadBlock {
  int threads;
  Index shared_bytes;
  ThreadBlock(int of_threads, Index of_shared_bytes = 0)
      : threads(of_threads), shared_bytes(of_shared_bytes) {}
};

inline constexpr Index kMostSharedUnasked = 48 << 10;  // bytes of a block, without an attribute
inline constexpr Index kMostInX = 2147483647;  // blocks of a grid in x; CUDA checks the rest

// Returns how many blocks of `each` elements hold `count`.
constexpr Index blocks_of(Index count, Index each) { return (count + each - 1) / each; }

// A stream, and the line that launches into it.
struct LaunchedAt {
  cudaStream_t stream;
  const char* file;
  int line;
  LaunchedAt(cudaStream_t into, const char* in_file = __builtin_FILE(),
             int at_line = __builtin_LINE())
      : stream(into), file(in_file), line(at_line) {}
};

// Throws CudaError when a launch failed; with EDGEVAL_SYNC=1, also when its kernel did.
void check_launch(cudaError_t status, const LaunchedAt& at);

template <class... Parameters, class... Arguments>
void launch(LaunchedAt at, void (*kernel)(Parameters...), Blocks blocks, ThreadBlock block,
            const Arguments&... arguments) {
  EDGEVAL_ASSERT(blocks.x <= kMostInX && blocks.y <= kMostInX && blocks.z <= kMostInX);
  cudaLaunchConfig_t config{};
  config.gridDim = dim3(static_cast<unsigned>(blocks.x), static_cast<unsigned>(blocks.y),
                        static_cast<unsigned>(blocks.z));
  config.blockDim = dim3(static_cast<unsigned>(block.threads));
  config.dynamicSmemBytes = static_cast<std::size_t>(block.shared_bytes);
  config.stream = at.stream;
  if (block.shared_bytes > kMostSharedUnasked)
    check_launch(cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize,
                                      static_cast<int>(block.shared_bytes)),
                 at);
  check_launch(cudaLaunchKernelEx(&config, kernel, static_cast<Parameters>(arguments)...), at);
}

}  // namespace edgeval::gpu
