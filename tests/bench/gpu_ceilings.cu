// Measures what the device can do at best, with which the engine's times are to be compared: the
// bandwidth of copies, and the times of a launch, of a node of a graph, and of a hop from block to
// block within a cluster. Every figure is printed after the results of its kernels were checked, as
// "name <tab> value <tab> unit".
//
//   gpu_ceilings            measures all in a few seconds; exits with 3 when there is no device
//   gpu_ceilings device     only says what the device is
#include <cooperative_groups.h>
#include <cuda_runtime.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <vector>

namespace {

constexpr int kNoDevice = 3;
constexpr int kRepeats = 9;

void check(cudaError_t status, int line) {
  if (status == cudaSuccess) return;
  std::fprintf(stderr, "gpu_ceilings: line %d: %s\n", line, cudaGetErrorString(status));
  std::exit(1);
}
#define CHECKED(call) check((call), __LINE__)

void expect(bool right, const char* what) {
  if (right) return;
  std::fprintf(stderr, "gpu_ceilings: %s\n", what);
  std::exit(1);
}

void row(const char* name, double value, const char* unit) {
  std::printf("%s\t%.4g\t%s\n", name, value, unit);
  std::fflush(stdout);
}

// Returns the median seconds, by the device's clock, of what `work` gives to the stream.
template <class Work>
double median_seconds(cudaStream_t stream, const Work& work) {
  cudaEvent_t begin, end;
  CHECKED(cudaEventCreate(&begin));
  CHECKED(cudaEventCreate(&end));
  std::vector<float> times;
  for (int repeat = -2; repeat < kRepeats; ++repeat) {
    float milliseconds = 0;
    CHECKED(cudaEventRecord(begin, stream));
    work();
    CHECKED(cudaEventRecord(end, stream));
    CHECKED(cudaEventSynchronize(end));
    CHECKED(cudaEventElapsedTime(&milliseconds, begin, end));
    if (repeat >= 0) times.push_back(milliseconds);
  }
  CHECKED(cudaEventDestroy(begin));
  CHECKED(cudaEventDestroy(end));
  std::nth_element(times.begin(), times.begin() + kRepeats / 2, times.end());
  return 1e-3 * times[kRepeats / 2];
}

template <class Work>
double host_seconds(const Work& work) {
  const auto start = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

// ---- copies

__device__ std::uint32_t pattern(std::uint64_t at) {
  return static_cast<std::uint32_t>(at * 2654435761U) ^ static_cast<std::uint32_t>(at >> 20);
}
__global__ void fill(std::uint32_t* words, std::uint64_t count) {
  for (std::uint64_t i = blockIdx.x * std::uint64_t{blockDim.x} + threadIdx.x; i < count;
       i += std::uint64_t{gridDim.x} * blockDim.x)
    words[i] = pattern(i);
}
__global__ void count_wrong(const std::uint32_t* words, std::uint64_t count, unsigned* wrong) {
  for (std::uint64_t i = blockIdx.x * std::uint64_t{blockDim.x} + threadIdx.x; i < count;
       i += std::uint64_t{gridDim.x} * blockDim.x)
    if (words[i] != pattern(i)) atomicAdd(wrong, 1U);
}

void copies(cudaStream_t stream) {
  std::size_t free = 0, total = 0;
  CHECKED(cudaMemGetInfo(&free, &total));
  const std::size_t bytes =
      std::min<std::size_t>(std::size_t{2} << 30, free / 8) & ~std::size_t{4095};
  const std::size_t host_bytes = std::min<std::size_t>(std::size_t{256} << 20, bytes);
  const std::uint64_t words = bytes / 4;
  std::uint32_t *from, *to, *host;
  unsigned *wrong, found = 0;
  CHECKED(cudaMalloc(&from, bytes));
  CHECKED(cudaMalloc(&to, bytes));
  CHECKED(cudaMalloc(&wrong, sizeof *wrong));
  CHECKED(cudaMallocHost(&host, host_bytes));
  const auto expect_pattern = [&](std::uint64_t count, const char* what) {
    CHECKED(cudaMemsetAsync(wrong, 0, sizeof *wrong, stream));
    count_wrong<<<1024, 256, 0, stream>>>(to, count, wrong);
    CHECKED(cudaGetLastError());
    CHECKED(cudaMemcpyAsync(&found, wrong, sizeof found, cudaMemcpyDeviceToHost, stream));
    CHECKED(cudaStreamSynchronize(stream));
    expect(found == 0, what);
  };
  const auto copy = [&](void* target, const void* source, std::size_t size, cudaMemcpyKind kind) {
    return median_seconds(stream,
                          [&] { CHECKED(cudaMemcpyAsync(target, source, size, kind, stream)); });
  };
  fill<<<1024, 256, 0, stream>>>(from, words);
  CHECKED(cudaGetLastError());
  CHECKED(cudaMemsetAsync(to, 0xFF, bytes, stream));
  const double on_device = copy(to, from, bytes, cudaMemcpyDeviceToDevice);
  expect_pattern(words, "a copy on the device differs");
  row("copy_on_device", 2e-9 * static_cast<double>(bytes) / on_device, "GB/s, read and written");
  const double from_device = copy(host, from, host_bytes, cudaMemcpyDeviceToHost);
  CHECKED(cudaMemsetAsync(to, 0xFF, bytes, stream));
  const double to_device = copy(to, host, host_bytes, cudaMemcpyHostToDevice);
  expect_pattern(host_bytes / 4, "a copy by way of the host differs");
  row("copy_to_device", 1e-9 * static_cast<double>(host_bytes) / to_device, "GB/s, pinned");
  row("copy_from_device", 1e-9 * static_cast<double>(host_bytes) / from_device, "GB/s, pinned");
  CHECKED(cudaFree(from));
  CHECKED(cudaFree(to));
  CHECKED(cudaFree(wrong));
  CHECKED(cudaFreeHost(host));
}

// ---- launches, graphs

__global__ void add_one(unsigned* counter) { ++*counter; }

void launches(cudaStream_t stream) {
  constexpr int kLaunches = 2000;
  unsigned *counter, ran = 0, expected = 0;
  CHECKED(cudaMalloc(&counter, sizeof *counter));
  CHECKED(cudaMemsetAsync(counter, 0, sizeof *counter, stream));
  const auto launch = [&](int count) {
    for (int i = 0; i < count; ++i) add_one<<<1, 1, 0, stream>>>(counter);
    CHECKED(cudaGetLastError());
    expected += static_cast<unsigned>(count);
  };
  const double behind = median_seconds(stream, [&] { launch(kLaunches); }) / kLaunches;
  const double waited = host_seconds([&] {
                          for (int i = 0; i < kLaunches; ++i) {
                            launch(1);
                            CHECKED(cudaStreamSynchronize(stream));
                          }
                        }) /
                        kLaunches;

  constexpr int kNodes = 1000;
  cudaGraph_t graph;
  cudaGraphExec_t recorded;
  CHECKED(cudaStreamBeginCapture(stream, cudaStreamCaptureModeThreadLocal));
  for (int i = 0; i < kNodes; ++i) add_one<<<1, 1, 0, stream>>>(counter);
  CHECKED(cudaStreamEndCapture(stream, &graph));
  CHECKED(cudaGraphInstantiate(&recorded, graph, 0));
  const double replay = median_seconds(stream, [&] {
    CHECKED(cudaGraphLaunch(recorded, stream));
    expected += kNodes;
  });
  CHECKED(cudaMemcpyAsync(&ran, counter, sizeof ran, cudaMemcpyDeviceToHost, stream));
  CHECKED(cudaStreamSynchronize(stream));
  expect(ran == expected, "not every launch ran, or not one after the other");
  row("launch_behind_launch", 1e6 * behind, "us");
  row("launch_and_wait", 1e6 * waited, "us");
  row("graph_node", 1e6 * replay / kNodes, "us");
  CHECKED(cudaGraphExecDestroy(recorded));
  CHECKED(cudaGraphDestroy(graph));
  CHECKED(cudaFree(counter));
}

// ---- clusters: a token goes round the blocks of a cluster by way of their shared memory

__global__ void pass_token(unsigned rounds, unsigned* seen) {
#if __CUDA_ARCH__ >= 900
  const auto cluster = cooperative_groups::this_cluster();
  __shared__ unsigned token;
  token = 0;
  unsigned* const next =
      cluster.map_shared_rank(&token, (cluster.block_rank() + 1) % cluster.num_blocks());
  cluster.sync();
  const bool first = cluster.block_rank() == 0;
  const auto send = [&](unsigned value) {
    asm volatile("st.release.cluster.u32 [%0], %1;" ::"l"(next), "r"(value) : "memory");
  };
  unsigned received = 0;
  for (unsigned round = 1; round <= rounds; ++round) {
    if (first) send(round);
    do {
      asm volatile("ld.acquire.cluster.u32 %0, [%1];" : "=r"(received) : "l"(&token) : "memory");
    } while (received != round);
    if (!first) send(round);
  }
  seen[cluster.block_rank()] = received;
  cluster.sync();  // no block ends while another one still writes into its memory
#endif
}

__global__ void meet(unsigned rounds, unsigned* seen) {
#if __CUDA_ARCH__ >= 900
  const auto cluster = cooperative_groups::this_cluster();
  unsigned met = 0;
  for (; met < rounds; ++met) cluster.sync();
  if (threadIdx.x == 0) seen[cluster.block_rank()] = met;
#endif
}

// Returns the seconds of one round: the difference between many and few rounds, over their number.
double cluster_round(void (*kernel)(unsigned, unsigned*), unsigned blocks, unsigned threads,
                     cudaStream_t stream) {
  constexpr unsigned kFew = 1000, kMany = 11000;
  unsigned* seen;
  CHECKED(cudaMalloc(&seen, blocks * sizeof *seen));
  cudaLaunchAttribute cluster{};
  cluster.id = cudaLaunchAttributeClusterDimension;
  cluster.val.clusterDim = {blocks, 1, 1};
  cudaLaunchConfig_t config{};
  config.gridDim = dim3(blocks);
  config.blockDim = dim3(threads);
  config.stream = stream;
  config.attrs = &cluster;
  config.numAttrs = 1;
  const auto seconds = [&](unsigned rounds) {
    CHECKED(cudaMemsetAsync(seen, 0, blocks * sizeof *seen, stream));
    const double result =
        median_seconds(stream, [&] { CHECKED(cudaLaunchKernelEx(&config, kernel, rounds, seen)); });
    std::vector<unsigned> there(blocks);
    CHECKED(
        cudaMemcpyAsync(there.data(), seen, blocks * sizeof *seen, cudaMemcpyDeviceToHost, stream));
    CHECKED(cudaStreamSynchronize(stream));
    for (const unsigned rounds_there : there)
      expect(rounds_there == rounds, "a block of a cluster saw another number of rounds");
    return result;
  };
  const double few = seconds(kFew), many = seconds(kMany);
  CHECKED(cudaFree(seen));
  return (many - few) / (kMany - kFew);
}

void clusters(cudaStream_t stream, const cudaDeviceProp& device) {
  if (device.major < 9) return;
  for (const unsigned blocks : {2U, 8U}) {
    char name[64];
    std::snprintf(name, sizeof name, "cluster_hop_of_%u", blocks);
    row(name, 1e9 * cluster_round(pass_token, blocks, 1, stream) / blocks, "ns");
    std::snprintf(name, sizeof name, "cluster_barrier_of_%u", blocks);
    row(name, 1e9 * cluster_round(meet, blocks, 256, stream), "ns");
  }
}

// ----

void say_device(const cudaDeviceProp& device) {
  int driver = 0, runtime = 0;
  CHECKED(cudaDriverGetVersion(&driver));
  CHECKED(cudaRuntimeGetVersion(&runtime));
  std::printf("device\t%s\tsm_%d%d\n", device.name, device.major, device.minor);
  row("multiprocessors", device.multiProcessorCount, "");
  row("memory", static_cast<double>(device.totalGlobalMem) / (1 << 30), "GiB");
  row("l2", static_cast<double>(device.l2CacheSize) / (1 << 20), "MiB");
  row("shared_memory_of_a_block", static_cast<double>(device.sharedMemPerBlockOptin), "bytes");
  std::printf("cuda_of_driver\t%d.%d\t\n", driver / 1000, driver % 1000 / 10);
  std::printf("cuda_of_program\t%d.%d\t\n", runtime / 1000, runtime % 1000 / 10);
}

}  // namespace

int main(int argc, char** argv) {
  int count = 0;
  const cudaError_t status = cudaGetDeviceCount(&count);
  if (status != cudaSuccess || count == 0) {
    std::fprintf(stderr, "gpu_ceilings: no device: %s\n", cudaGetErrorString(status));
    return kNoDevice;
  }
  cudaDeviceProp device;
  CHECKED(cudaGetDeviceProperties(&device, 0));
  if (argc > 1 && std::strcmp(argv[1], "device") == 0) {
    say_device(device);
    return 0;
  }
  cudaStream_t stream;
  CHECKED(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking));
  copies(stream);
  launches(stream);
  clusters(stream, device);
  CHECKED(cudaStreamDestroy(stream));
}
