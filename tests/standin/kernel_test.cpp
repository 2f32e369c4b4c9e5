// Tests what the stand-in shows about kernels: the order of threads and blocks, barriers, warps,
// shared memory, and launches that CUDA refuses.
#include <cuda_pipeline.h>
#include <cuda_runtime.h>
#include <gtest/gtest.h>

#include <numeric>
#include <set>
#include <string>
#include <vector>

#include "tests/standin/device.hpp"

namespace edgeval::standin {
namespace {

constexpr unsigned kAll = 0xFFFFFFFFU;

// --- Barriers ------------------------------------------------------------------------------------

// Each thread takes its neighbour's number from shared memory, `rounds` times.
template <bool kFirstBarrier, bool kSecondBarrier>
__global__ void neighbours(int* out, int rounds) {
  EDGEVAL_SHARED(int, shared, 256);
  int mine = static_cast<int>(threadIdx.x);
  for (int round = 0; round < rounds; ++round) {
    shared[threadIdx.x] = mine;
    if constexpr (kFirstBarrier) __syncthreads();
    mine = shared[(threadIdx.x + 1) % blockDim.x];
    if constexpr (kSecondBarrier) __syncthreads();
  }
  out[blockIdx.x * blockDim.x + threadIdx.x] = mine;
}

// Returns in how many of 20 runs each thread ends with the number that is `rounds` further on.
template <bool kFirstBarrier, bool kSecondBarrier>
int runs_that_are_right(unsigned threads, int rounds) {
  int right = 0;
  for (std::uint64_t at = 1; at <= 20; ++at) {
    seed(at);
    Device<int> out(threads);
    EXPECT_EQ(run(neighbours<kFirstBarrier, kSecondBarrier>, 1, threads, out.data, rounds),
              cudaSuccess);
    std::vector<int> expected(threads);
    for (unsigned t = 0; t < threads; ++t)
      expected[t] = static_cast<int>((t + static_cast<unsigned>(rounds)) % threads);
    right += out.values() == expected;
  }
  return right;
}

TEST(Kernel, ThatHasItsBarriersIsRightInEveryOrder) {
  for (unsigned threads : {1U, 31U, 32U, 33U, 256U})
    EXPECT_EQ((runs_that_are_right<true, true>(threads, 3)), 20) << threads << " threads";
}
TEST(Kernel, ThatLacksABarrierBeforeItReadsIsWrong) {
  EXPECT_EQ((runs_that_are_right<false, true>(256, 3)), 0);
  EXPECT_EQ((runs_that_are_right<false, true>(32, 3)), 0);
}
// A thread that is ahead writes the next round's numbers before others have read those of this
// round. Only a warp that runs ahead of the others shows it.
TEST(Kernel, ThatLacksABarrierBeforeItWritesAgainIsWrong) {
  EXPECT_LE((runs_that_are_right<true, false>(256, 3)), 10);
}

__global__ void barrier_of_a_half() {
  if (threadIdx.x < blockDim.x / 2) __syncthreads();
}
__global__ void barriers_at_two_places() {
  if (threadIdx.x < blockDim.x / 2)
    __syncthreads();
  else
    __syncthreads();
}
__global__ void shuffle_of_a_half(int* out) {
  if (threadIdx.x % 2 == 0) *out = __shfl_sync(kAll, 1, 0);
}
__global__ void shuffle_left_out(int* out) { *out = __shfl_sync(1U, 1, 0); }
__global__ void two_warp_operations(int* out) {
  if (threadIdx.x % 2 == 0)
    *out = __shfl_sync(kAll, 1, 0);
  else
    *out = __reduce_add_sync(kAll, 1);
}

void expect_fault(cudaError_t error, const std::string& part) {
  EXPECT_EQ(error, cudaErrorLaunchFailure);
  EXPECT_NE(std::string(last_fault()).find(part), std::string::npos) << last_fault();
  int device = 0;
  EXPECT_EQ(cudaMalloc(reinterpret_cast<void**>(&device), 4), cudaErrorLaunchFailure)
      << "a device whose kernel failed does nothing more";
  recover();
}

TEST(Kernel, ThatBreaksARuleOfBarriersIsAnError) {
  Device<int> out(1);
  expect_fault(run(barrier_of_a_half, 1, 64U), "part of the block: 32 of 64");
  expect_fault(run(barriers_at_two_places, 1, 64U), "met at two places");
  expect_fault(run(shuffle_of_a_half, 1, 32U, out.data), "lanes of its mask that do not come");
  expect_fault(run(shuffle_left_out, 1, 32U, out.data), "mask leaves out a lane");
  expect_fault(run(two_warp_operations, 1, 32U, out.data), "different operations");
}

// --- Warps ---------------------------------------------------------------------------------------

struct Shuffled {
  int down, up, across, one, each;
  unsigned ballot;
  int sum, most;
  unsigned any_bits;
};
__global__ void warp_operations(const int* in, Shuffled* out) {
  const int value = in[threadIdx.x];
  out[threadIdx.x] = {__shfl_down_sync(kAll, value, 3),
                      __shfl_up_sync(kAll, value, 5),
                      __shfl_xor_sync(kAll, value, 9),
                      __shfl_sync(kAll, value, 7),
                      __shfl_sync(kAll, value, static_cast<int>(threadIdx.x * 5 % 32)),
                      __ballot_sync(kAll, value > 0),
                      __reduce_add_sync(kAll, value),
                      __reduce_max_sync(kAll, value),
                      __reduce_or_sync(kAll, static_cast<unsigned>(value))};
}

TEST(Kernel, WarpOperationsAreTheirDefinitions) {
  constexpr int kLanes = 64;
  std::vector<int> values(kLanes);
  for (int i = 0; i < kLanes; ++i) values[static_cast<std::size_t>(i)] = (i * 37 % 64) - 40;
  Device<int> in(values);
  Device<Shuffled> out(kLanes);
  ASSERT_EQ(run(warp_operations, 1, unsigned{kLanes}, in.data, out.data), cudaSuccess);
  const std::vector<Shuffled> found = out.values();
  for (int i = 0; i < kLanes; ++i) {
    const int lane = i % 32, first = i - lane;
    const auto of = [&](int l) { return values[static_cast<std::size_t>(first + l)]; };
    const Shuffled& mine = found[static_cast<std::size_t>(i)];
    EXPECT_EQ(mine.down, lane + 3 < 32 ? of(lane + 3) : of(lane));
    EXPECT_EQ(mine.up, lane >= 5 ? of(lane - 5) : of(lane));
    EXPECT_EQ(mine.across, of(lane ^ 9));
    EXPECT_EQ(mine.one, of(7));
    EXPECT_EQ(mine.each, of(i * 5 % 32));
    unsigned ballot = 0, any_bits = 0;
    int sum = 0, most = of(0);
    for (int l = 0; l < 32; ++l) {
      ballot |= (of(l) > 0 ? 1U : 0U) << l;
      any_bits |= static_cast<unsigned>(of(l));
      sum += of(l);
      most = std::max(most, of(l));
    }
    EXPECT_EQ(mine.ballot, ballot);
    EXPECT_EQ(mine.sum, sum);
    EXPECT_EQ(mine.most, most);
    EXPECT_EQ(mine.any_bits, any_bits);
  }
}

// --- Blocks and shared memory --------------------------------------------------------------------

__global__ void order_of_blocks(int* next, int* place) {
  const unsigned block = blockIdx.x + gridDim.x * (blockIdx.y + gridDim.y * blockIdx.z);
  if (threadIdx.x == 0) place[block] = atomicAdd(next, 1);
}

std::vector<int> places(std::uint64_t of_seed) {
  seed(of_seed);
  Device<int> next(std::vector<int>{0}), place(60);
  EXPECT_EQ(run(order_of_blocks, dim3(3, 4, 5), 32U, next.data, place.data), cudaSuccess);
  return place.values();
}

TEST(Kernel, BlocksRunOnceInAnOrderOfTheSeed) {
  std::set<std::vector<int>> orders;
  for (std::uint64_t at = 1; at <= 5; ++at) {
    const std::vector<int> order = places(at);
    EXPECT_EQ(order, places(at));
    EXPECT_EQ(std::set<int>(order.begin(), order.end()).size(), 60U);
    orders.insert(order);
  }
  EXPECT_EQ(orders.size(), 5U);
}

template <class T>
__global__ void read_first(int* left) {
  EDGEVAL_SHARED(T, shared, 64);
  EDGEVAL_SHARED(T, other, 64);
  left[blockIdx.x] = static_cast<int>(shared[threadIdx.x]) + static_cast<int>(other[threadIdx.x]);
  shared[threadIdx.x] = 1;
  other[threadIdx.x] = 2;
  __syncthreads();
  if (shared[threadIdx.x] != 1) left[blockIdx.x] = 99;
}

TEST(Kernel, SharedMemoryIsPoisonedForEveryBlock) {
  Device<int> left(10);
  ASSERT_EQ(run(read_first<std::int8_t>, 10, 64U, left.data), cudaSuccess);
  EXPECT_EQ(left.values(), std::vector<int>(10, -2));
  ASSERT_EQ(run(read_first<int>, 10, 64U, left.data), cudaSuccess);
  EXPECT_EQ(left.values(), std::vector<int>(10, -2));
}

__global__ void fill_dynamic(int* out, int count) {
  EDGEVAL_DYNAMIC_SHARED(int, shared);
  for (int i = static_cast<int>(threadIdx.x); i < count; i += static_cast<int>(blockDim.x))
    shared[i] = i;
  __syncthreads();
  if (threadIdx.x == 0) *out = shared[count - 1];
}
__global__ void static_and_dynamic(int* out) {
  EDGEVAL_SHARED(int, fixed, 4 << 10);
  EDGEVAL_DYNAMIC_SHARED(int, shared);
  fixed[0] = shared[0] = 1;
  *out = fixed[0];
}
__global__ void too_much_static(int* out) {
  EDGEVAL_SHARED(int, shared, 16 << 10);
  *out = shared[0];
}

TEST(Kernel, DynamicSharedMemoryAbove48KiBWantsTheAttribute) {
  Device<int> out(1);
  const auto with = [&](std::size_t bytes) {
    return run_shared(fill_dynamic, 1, 32U, bytes, out.data, static_cast<int>(bytes / 4));
  };
  EXPECT_EQ(with(48 << 10), cudaSuccess);
  EXPECT_EQ(out.values().front(), (12 << 10) - 1);
  EXPECT_EQ(with((48 << 10) + 4), cudaErrorInvalidValue);
  EXPECT_EQ(
      cudaFuncSetAttribute(fill_dynamic, cudaFuncAttributeMaxDynamicSharedMemorySize, 228 << 10),
      cudaErrorInvalidValue);
  EXPECT_EQ(
      cudaFuncSetAttribute(fill_dynamic, cudaFuncAttributeMaxDynamicSharedMemorySize, 100 << 10),
      cudaSuccess);
  EXPECT_EQ(with(100 << 10), cudaSuccess);
  EXPECT_EQ(with((100 << 10) + 4), cudaErrorInvalidValue);
  expect_fault(run(fill_dynamic, 1, 32U, out.data, 1), "without dynamic shared memory");
  expect_fault(run(too_much_static, 1, 32U, out.data), "48 KiB");
  EXPECT_EQ(run_shared(static_and_dynamic, 1, 1U, 32 << 10, out.data), cudaSuccess);
  expect_fault(run_shared(static_and_dynamic, 1, 1U, (32 << 10) + 4, out.data),
               "more than the kernel may have");
}

// --- Asynchronous copies -------------------------------------------------------------------------

enum class Lacks { kNothing, kWait, kBarrier };

// Each thread copies a word ahead, round after round, into one of two halves of shared memory, and
// adds its neighbour's word of this round.
template <Lacks kLacks>
__global__ void add_rounds(const int* in, int rounds, int* out) {
  EDGEVAL_SHARED(int, shared, 128);
  const unsigned t = threadIdx.x;
  const auto begin = [&](int round) {
    if (round < rounds)
      __pipeline_memcpy_async(shared + round % 2 * 64 + t, in + round * 64 + t, 4);
    __pipeline_commit();
  };
  int sum = 0;
  begin(0);
  for (int round = 0; round < rounds; ++round) {
    begin(round + 1);
    if constexpr (kLacks != Lacks::kWait) __pipeline_wait_prior(1);
    __syncthreads();
    sum += shared[round % 2 * 64 + (t + 1) % 64];
    if constexpr (kLacks != Lacks::kBarrier) __syncthreads();
  }
  out[t] = sum;
}

template <Lacks kLacks>
int sums_that_are_right() {
  constexpr int kRounds = 5;
  std::vector<int> in(64 * kRounds);
  std::iota(in.begin(), in.end(), 1);
  const Device<int> there(in);
  int right = 0;
  for (std::uint64_t at = 1; at <= 20; ++at) {
    seed(at);
    Device<int> out(64);
    EXPECT_EQ(run(add_rounds<kLacks>, 1, 64U, there.data, kRounds, out.data), cudaSuccess);
    std::vector<int> expected(64);
    for (int t = 0; t < 64; ++t)
      for (int round = 0; round < kRounds; ++round)
        expected[static_cast<std::size_t>(t)] += round * 64 + (t + 1) % 64 + 1;
    right += out.values() == expected;
  }
  return right;
}

TEST(Kernel, AsynchronousCopiesAreThereWhenTheirThreadHasWaited) {
  EXPECT_EQ(sums_that_are_right<Lacks::kNothing>(), 20);
  EXPECT_EQ(sums_that_are_right<Lacks::kWait>(), 0);
  EXPECT_LT(sums_that_are_right<Lacks::kBarrier>(), 20);
}

__global__ void copy_with_zeros(const int* in, int* out, std::size_t zeros, int shift) {
  EDGEVAL_SHARED(int4, shared, 2);
  auto* const to = reinterpret_cast<char*>(shared) + shift;
  __pipeline_memcpy_async(to, in, 16, zeros);
  __pipeline_commit();
  __pipeline_wait_prior(0);
  for (int i = 0; i < 4; ++i) out[i] = reinterpret_cast<const int*>(to)[i];
}

TEST(Kernel, AsynchronousCopiesEndWithZerosAndAreAligned) {
  const Device<int> in(std::vector<int>{1, 2, 3, 4});
  Device<int> out(4);
  EXPECT_EQ(run(copy_with_zeros, 1, 1U, in.data, out.data, 8U, 0), cudaSuccess);
  EXPECT_EQ(out.values(), (std::vector<int>{1, 2, 0, 0}));
  EXPECT_EQ(run(copy_with_zeros, 1, 1U, in.data, out.data, 16U, 0), cudaSuccess);
  EXPECT_EQ(out.values(), (std::vector<int>{0, 0, 0, 0}));
  expect_fault(run(copy_with_zeros, 1, 1U, in.data, out.data, 17U, 0), "17 zeros");
  expect_fault(run(copy_with_zeros, 1, 1U, in.data, out.data, 0U, 8), "not aligned");
}

// --- Launches ------------------------------------------------------------------------------------

template <int kBound>
__global__ void __launch_bounds__(kBound) bounded(int* out) {
  *out = kBound;
}
__global__ void unbounded(int* out) { *out = 1; }
struct Large {
  char bytes[4096];
};
__global__ void large_argument(Large large, int* out) { *out = large.bytes[5]; }
struct Largest {
  char bytes[4088];
};
__global__ void largest_argument(Largest large, int* out) { *out = large.bytes[5]; }

TEST(Launch, ThatCudaRefusesIsRefused) {
  Device<int> out(1);
  EXPECT_EQ(run(unbounded, 0, 32U, out.data), cudaErrorInvalidConfiguration);
  EXPECT_EQ(run(unbounded, dim3(1, 65536), 32U, out.data), cudaErrorInvalidConfiguration);
  EXPECT_EQ(run(unbounded, dim3(1, 1, 65536), 32U, out.data), cudaErrorInvalidConfiguration);
  EXPECT_EQ(run(unbounded, 1, 0U, out.data), cudaErrorInvalidConfiguration);
  EXPECT_EQ(run(unbounded, 1, 1025U, out.data), cudaErrorInvalidConfiguration);
  EXPECT_EQ(run(unbounded, 1, 1024U, out.data), cudaSuccess);
  EXPECT_EQ(run(bounded<256>, 1, 256U, out.data), cudaSuccess);
  EXPECT_EQ(run(bounded<256>, 1, 288U, out.data), cudaErrorLaunchOutOfResources);
  EXPECT_EQ(run(bounded<1024>, 1, 1024U, out.data), cudaSuccess);
  EXPECT_EQ(run(large_argument, 1, 32U, Large{}, out.data), cudaErrorInvalidConfiguration);
  EXPECT_EQ(run(largest_argument, 1, 32U, Largest{}, out.data), cudaSuccess);
  cudaLaunchConfig_t config{};
  int* const data = out.data;
  EXPECT_EQ(cudaLaunchKernelEx(&config, unbounded, data), cudaErrorInvalidResourceHandle)
      << "the default stream";
}

}  // namespace
}  // namespace edgeval::standin
