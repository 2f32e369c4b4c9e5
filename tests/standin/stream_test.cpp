// Tests what the stand-in shows about streams: work that runs only when it is waited for, events,
// copies that read late, graphs, and failures on demand.
#include <cuda_runtime.h>
#include <gtest/gtest.h>

#include <string>
#include <thread>
#include <vector>

#include "tests/standin/device.hpp"

namespace edgeval::standin {
namespace {

__global__ void add_one(int* at) { *at += 1; }
__global__ void set_to(int* at, int value) { *at = value; }
__global__ void copy_to(int* to, const int* from) { *to = *from; }

template <class... Parameters, class... Arguments>
cudaError_t give(cudaStream_t stream, void (*kernel)(Parameters...), Arguments... arguments) {
  cudaLaunchConfig_t config{};
  config.stream = stream;
  return cudaLaunchKernelEx(&config, kernel, arguments...);
}

struct OneEvent {
  cudaEvent_t handle = nullptr;
  OneEvent() { EXPECT_EQ(cudaEventCreateWithFlags(&handle, cudaEventDisableTiming), cudaSuccess); }
  ~OneEvent() { EXPECT_EQ(cudaEventDestroy(handle), cudaSuccess); }
  OneEvent(const OneEvent&) = delete;
  operator cudaEvent_t() const { return handle; }
};

TEST(Stream, RunsAtOnceOrNotUntilItIsWaitedFor) {
  int at_once = 0;
  for (std::uint64_t at = 1; at <= 40; ++at) {
    seed(at);
    const OneStream stream;
    const Device<int> value(std::vector<int>{7});
    EXPECT_EQ(give(stream, add_one, value.data), cudaSuccess);
    const bool ran = *value.data == 8;
    EXPECT_EQ(cudaStreamQuery(stream), ran ? cudaSuccess : cudaErrorNotReady);
    EXPECT_EQ(cudaStreamSynchronize(stream), cudaSuccess);
    EXPECT_EQ(*value.data, 8);
    EXPECT_EQ(cudaStreamQuery(stream), cudaSuccess);
    at_once += ran;
  }
  EXPECT_GT(at_once, 0);
  EXPECT_LT(at_once, 40);
}

// Returns in how many of 40 runs a stream sees what another stream wrote before.
int runs_in_order(bool wait, bool record_first = true) {
  int in_order = 0;
  for (std::uint64_t at = 1; at <= 40; ++at) {
    seed(at);
    const OneStream writer, reader;
    const OneEvent event;
    const Device<int> value(std::vector<int>{0}), seen(std::vector<int>{0});
    const auto record = [&] { EXPECT_EQ(cudaEventRecord(event, writer), cudaSuccess); };
    if (!record_first) record();
    EXPECT_EQ(give(writer, set_to, value.data, 5), cudaSuccess);
    if (record_first) record();
    EXPECT_EQ(wait ? cudaStreamWaitEvent(reader, event, 0) : cudaSuccess, cudaSuccess);
    EXPECT_EQ(give(reader, copy_to, seen.data, static_cast<const int*>(value.data)), cudaSuccess);
    EXPECT_EQ(cudaStreamSynchronize(reader), cudaSuccess);
    in_order += *seen.data == 5;
  }
  return in_order;
}

TEST(Stream, WaitsForEventsAndForNothingElse) {
  EXPECT_EQ(runs_in_order(true), 40);
  const int without = runs_in_order(false), before = runs_in_order(true, false);
  EXPECT_GT(without, 0);
  EXPECT_LT(without, 40);
  EXPECT_GT(before, 0);
  EXPECT_LT(before, 40) << "the event was recorded before the value was written";
}

// A value that is written after the copy was asked for may or may not be copied.
TEST(Stream, ReadsTheHostsMemoryAtOnceOrLate) {
  int late = 0;
  for (std::uint64_t at = 1; at <= 40; ++at) {
    seed(at);
    const OneStream stream;
    const Device<int> there(1);
    int here = 1;
    EXPECT_EQ(cudaMemcpyAsync(there.data, &here, sizeof here, cudaMemcpyHostToDevice, stream),
              cudaSuccess);
    here = 2;
    EXPECT_EQ(cudaStreamSynchronize(stream), cudaSuccess);
    late += *there.data == 2;
  }
  EXPECT_GT(late, 0);
  EXPECT_LT(late, 40);
}

TEST(Stream, DoesNotWaitForAnEventThatWasNeverRecorded) {
  const OneStream stream;
  const OneEvent event;
  EXPECT_EQ(cudaStreamWaitEvent(stream, event, 0), cudaSuccess);
  EXPECT_EQ(cudaStreamSynchronize(stream), cudaSuccess);
}

TEST(Memory, IsFreshFullOfOnesAndGoneWhenItIsGivenBack) {
  const std::size_t before = live_bytes();
  {
    const Device<int> fresh(3);
    EXPECT_EQ(live_bytes(), before + 12);
    EXPECT_EQ(fresh.values(), std::vector<int>(3, -1));
  }
  EXPECT_EQ(live_bytes(), before);
}

TEST(Memory, CopiesStayWithinIt) {
  const OneStream stream;
  const Device<int> there(4);
  int here[8] = {};
  const auto copy = [&](void* to, const void* from, std::size_t bytes, cudaMemcpyKind kind) {
    return cudaMemcpyAsync(to, from, bytes, kind, stream);
  };
  EXPECT_EQ(copy(there.data, here, 16, cudaMemcpyHostToDevice), cudaSuccess);
  EXPECT_EQ(copy(there.data, here, 17, cudaMemcpyHostToDevice), cudaErrorInvalidValue);
  EXPECT_EQ(copy(there.data + 1, here, 16, cudaMemcpyHostToDevice), cudaErrorInvalidValue);
  EXPECT_EQ(copy(here, there.data, 16, cudaMemcpyHostToDevice), cudaErrorInvalidValue);
  EXPECT_EQ(copy(here, here + 4, 16, cudaMemcpyDeviceToHost), cudaErrorInvalidValue);
  EXPECT_EQ(cudaMemsetAsync(there.data, 0, 17, stream), cudaErrorInvalidValue);
  EXPECT_EQ(cudaMemcpy2DAsync(there.data, 8, here, 8, 9, 2, cudaMemcpyHostToDevice, stream),
            cudaErrorInvalidPitchValue);
  EXPECT_EQ(cudaStreamSynchronize(stream), cudaSuccess);
}

TEST(Memory, EndsAndFailsWhenItIsToldTo) {
  void* data = nullptr;
  std::size_t free = 0, total = 0;
  set_memory(live_bytes() + 1000);
  EXPECT_EQ(cudaMemGetInfo(&free, &total), cudaSuccess);
  EXPECT_EQ(free, 1000U);
  EXPECT_EQ(cudaMalloc(&data, 1001), cudaErrorMemoryAllocation);
  EXPECT_EQ(data, nullptr);
  EXPECT_EQ(cudaMalloc(&data, 1000), cudaSuccess);
  EXPECT_EQ(cudaFree(data), cudaSuccess);
  set_memory(std::size_t{8} << 30);
  fail_allocation(2);
  EXPECT_EQ(cudaMalloc(&data, 4), cudaSuccess);
  void* second = nullptr;
  EXPECT_EQ(cudaMalloc(&second, 4), cudaErrorMemoryAllocation);
  EXPECT_EQ(cudaMalloc(&second, 4), cudaSuccess);
  EXPECT_EQ(cudaFree(second), cudaSuccess);
  fail_call(1);
  EXPECT_EQ(cudaFree(data), cudaErrorUnknown);
  EXPECT_EQ(cudaFree(data), cudaErrorInvalidValue) << "it was given back all the same";
  EXPECT_EQ(cudaGetLastError(), cudaErrorInvalidValue);
  EXPECT_EQ(cudaGetLastError(), cudaSuccess);
}

TEST(Devices, AreTwoThatDoNotShare) {
  int count = 0;
  EXPECT_EQ(cudaGetDeviceCount(&count), cudaSuccess);
  EXPECT_EQ(count, 2);
  EXPECT_EQ(cudaSetDevice(2), cudaErrorInvalidDevice);
  const OneStream of_first;
  EXPECT_EQ(cudaSetDevice(1), cudaSuccess);
  {
    const Device<int> of_second(1);
    int here = 0;
    EXPECT_EQ(give(of_first, add_one, of_second.data), cudaErrorInvalidResourceHandle);
    EXPECT_EQ(cudaMemcpyAsync(of_second.data, &here, 4, cudaMemcpyHostToDevice, of_first),
              cudaErrorInvalidValue);
  }
  EXPECT_EQ(cudaSetDevice(0), cudaSuccess);
}

// Records a graph of two launches and returns its executable.
cudaGraphExec_t recorded(cudaStream_t stream, int* at) {
  EXPECT_EQ(cudaStreamBeginCapture(stream, cudaStreamCaptureModeThreadLocal), cudaSuccess);
  EXPECT_EQ(give(stream, add_one, at), cudaSuccess);
  EXPECT_EQ(give(stream, add_one, at), cudaSuccess);
  cudaGraph_t graph = nullptr;
  EXPECT_EQ(cudaStreamEndCapture(stream, &graph), cudaSuccess);
  cudaGraphExec_t executable = nullptr;
  EXPECT_EQ(cudaGraphInstantiate(&executable, graph, 0), cudaSuccess);
  EXPECT_EQ(cudaGraphDestroy(graph), cudaSuccess);
  return executable;
}

TEST(Graph, ReplaysWhatWasRecordedOntoTheSamePointers) {
  const long objects = live_objects();
  {
    const OneStream stream;
    const Device<int> value(std::vector<int>{0});
    const cudaGraphExec_t graph = recorded(stream, value.data);
    EXPECT_EQ(*value.data, 0) << "nothing runs while it is recorded";
    for (int i = 0; i < 3; ++i) EXPECT_EQ(cudaGraphLaunch(graph, stream), cudaSuccess);
    EXPECT_EQ(cudaGraphExecDestroy(graph), cudaSuccess);
    EXPECT_EQ(cudaStreamSynchronize(stream), cudaSuccess);
    EXPECT_EQ(*value.data, 6);
  }
  EXPECT_EQ(live_objects(), objects);
}

TEST(Graph, RefusesToRecordWhatCudaRefuses) {
  const OneStream stream, other;
  const Device<int> value(std::vector<int>{0});
  const auto refused = [&](const auto& call) {
    EXPECT_EQ(cudaStreamBeginCapture(stream, cudaStreamCaptureModeThreadLocal), cudaSuccess);
    EXPECT_EQ(call(), cudaErrorStreamCaptureUnsupported);
    EXPECT_EQ(give(stream, add_one, value.data), cudaErrorStreamCaptureInvalidated);
    cudaStreamCaptureStatus status{};
    EXPECT_EQ(cudaStreamIsCapturing(stream, &status), cudaSuccess);
    EXPECT_EQ(status, cudaStreamCaptureStatusInvalidated);
    cudaGraph_t graph = nullptr;
    EXPECT_EQ(cudaStreamEndCapture(stream, &graph), cudaErrorStreamCaptureInvalidated);
    EXPECT_EQ(graph, nullptr);
  };
  void* data = nullptr;
  refused([&] { return cudaMalloc(&data, 4); });
  refused([&] { return cudaMallocHost(&data, 4); });
  refused([&] { return cudaStreamSynchronize(stream); });
  refused([&] { return cudaStreamSynchronize(other); });
  refused([&] { return cudaDeviceSynchronize(); });
  EXPECT_EQ(give(stream, add_one, value.data), cudaSuccess) << "the stream works again";
}

// A recording in the mode of a thread forbids the calls of that thread alone.
TEST(Graph, LetsOtherThreadsAllocateWhereItsModeDoes) {
  const OneStream stream;
  for (const cudaStreamCaptureMode mode :
       {cudaStreamCaptureModeThreadLocal, cudaStreamCaptureModeGlobal}) {
    const bool lets = mode == cudaStreamCaptureModeThreadLocal;
    EXPECT_EQ(cudaStreamBeginCapture(stream, mode), cudaSuccess);
    std::jthread([&] {
      void* data = nullptr;
      EXPECT_EQ(cudaMalloc(&data, 4), lets ? cudaSuccess : cudaErrorStreamCaptureUnsupported);
      EXPECT_EQ(cudaFree(data), lets ? cudaSuccess : cudaErrorStreamCaptureUnsupported);
    }).join();
    cudaGraph_t graph = nullptr;
    EXPECT_EQ(cudaStreamEndCapture(stream, &graph),
              lets ? cudaSuccess : cudaErrorStreamCaptureInvalidated);
    EXPECT_EQ(graph != nullptr, lets);
    if (lets) {
      EXPECT_EQ(cudaGraphDestroy(graph), cudaSuccess);
    }
  }
}

}  // namespace
}  // namespace edgeval::standin
