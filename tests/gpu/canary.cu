// Faults made on purpose, one for each of compute-sanitizer's tools that the planted fault among
// the tests (gpu_unpack_test) does not serve. A tool that does not find its own proves nothing by
// being silent elsewhere.
//
//   canary racecheck | synccheck | initcheck
#include <cuda_runtime.h>

#include <cstdio>
#include <cstring>

namespace {

constexpr int kThreads = 64;

// Each thread reads what a thread of the other warp writes, without a barrier between.
__global__ void race(int* out) {
  __shared__ int values[kThreads];
  values[threadIdx.x] = static_cast<int>(threadIdx.x);
  out[threadIdx.x] = values[kThreads - 1 - threadIdx.x];
}

// Half of a warp does not come to the barrier.
__global__ void part(int* out) {
  if (threadIdx.x % 32 < 16) __syncthreads();
  out[threadIdx.x] = 1;
}

// Nobody wrote `in`.
__global__ void read(const int* in, int* out) { out[threadIdx.x] = in[threadIdx.x] + 1; }

int run(const char* fault) {
  int *in = nullptr, *out = nullptr;
  if (cudaMalloc(&in, kThreads * sizeof *in) != cudaSuccess ||
      cudaMalloc(&out, kThreads * sizeof *out) != cudaSuccess)
    return 3;
  if (std::strcmp(fault, "racecheck") == 0)
    race<<<1, kThreads>>>(out);
  else if (std::strcmp(fault, "synccheck") == 0)
    part<<<1, kThreads>>>(out);
  else if (std::strcmp(fault, "initcheck") == 0)
    read<<<1, kThreads>>>(in, out);
  else
    return 2;
  // What becomes of the launch is the tool's to say; without one all three end well or are refused.
  static_cast<void>(cudaDeviceSynchronize());
  cudaFree(in);
  cudaFree(out);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc == 2) return run(argv[1]);
  std::fprintf(stderr, "usage: canary racecheck|synccheck|initcheck\n");
  return 2;
}
