// Tests what AddressSanitizer sees of memory that the stand-in hands out. Only builds with
// AddressSanitizer have this test.
#include <cuda_runtime.h>
#include <gtest/gtest.h>

#include <memory>
#include <vector>

#include "tests/standin/device.hpp"

namespace edgeval::standin {
namespace {

__global__ void write_at(int* to, int at) { to[at] = 1; }
__global__ void write_shared_at(int* to, int at) {
  EDGEVAL_SHARED(int, first, 32);
  EDGEVAL_SHARED(int, second, 32);
  first[at] = 1;
  second[0] = 2;
  to[0] = first[0];
}
__global__ void write_dynamic_at(int at) {
  EDGEVAL_DYNAMIC_SHARED(int, shared);
  shared[at] = 1;
}

TEST(AddressSanitizer, SeesKernelsLeaveTheirMemory) {
  const Device<int> memory(10);
  EXPECT_EQ(run(write_at, 1, 1U, memory.data, 9), cudaSuccess);
  EXPECT_DEATH(run(write_at, 1, 1U, memory.data, 10), "heap-buffer-overflow");
  EXPECT_DEATH(run(write_at, 1, 1U, memory.data, -1), "heap-buffer-overflow");
  EXPECT_EQ(run(write_shared_at, 1, 1U, memory.data, 31), cudaSuccess);
  EXPECT_DEATH(run(write_shared_at, 1, 1U, memory.data, 32), "use-after-poison");
  EXPECT_EQ(run_shared(write_dynamic_at, 1, 1U, 64, 15), cudaSuccess);
  EXPECT_DEATH(run_shared(write_dynamic_at, 1, 1U, 64, 16), "use-after-poison");
}

TEST(AddressSanitizer, SeesAGraphReplayMemoryThatIsGone) {
  const auto replay = [] {
    const OneStream stream;
    auto memory = std::make_unique<Device<int>>(10);
    cudaStreamBeginCapture(stream, cudaStreamCaptureModeThreadLocal);
    cudaLaunchConfig_t config{};
    config.stream = stream;
    cudaLaunchKernelEx(&config, write_at, memory->data, 0);
    cudaGraph_t graph = nullptr;
    cudaStreamEndCapture(stream, &graph);
    cudaGraphExec_t executable = nullptr;
    cudaGraphInstantiate(&executable, graph, 0);
    memory.reset();
    cudaGraphLaunch(executable, stream);
    cudaStreamSynchronize(stream);
  };
  EXPECT_DEATH(replay(), "heap-use-after-free");
}

TEST(AddressSanitizer, SeesACopyReadMemoryThatIsGone) {
  const auto copy = [](bool pinned) {
    const OneStream stream;
    const Device<int> there(100);
    auto here = std::make_unique<std::vector<int>>(100);
    void* from = here->data();
    if (pinned) cudaMallocHost(&from, 400);
    cudaMemcpyAsync(there.data, from, 400, cudaMemcpyHostToDevice, stream);
    if (pinned)
      cudaFreeHost(from);
    else
      here.reset();
    cudaStreamSynchronize(stream);
  };
  EXPECT_DEATH(copy(false), "heap-use-after-free");
  EXPECT_DEATH(copy(true), "heap-use-after-free");
}

}  // namespace
}  // namespace edgeval::standin
