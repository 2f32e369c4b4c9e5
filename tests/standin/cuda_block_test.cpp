// Tests the functions of CudaBlock, several in a row as bodies call them, and attention that runs
// on it. They run in many orders of the threads, and are compared with the loops of a single
// thread.
#include <cuda_runtime.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

#include "cuda/device/block.cuh"
#include "host/body/attention.hpp"
#include "tests/standin/device.hpp"

namespace edgeval::standin {
namespace {

using gpu::CudaBlock;

constexpr std::uint64_t kOrders = 20;

// Reduce one row of `values` [rows, width] after the other, and write the result that each thread
// receives to `out` [rows, threads].
__global__ void sums_kernel(const int* values, Index rows, Index width, int* out) {
  for (Index r = 0; r < rows; ++r)
    out[r * blockDim.x + threadIdx.x] =
        CudaBlock{}.sum(width, [&](Index i) { return values[r * width + i]; });
}
__global__ void totals_kernel(const int* values, Index rows, Index width, int* out) {
  for (Index r = 0; r < rows; ++r)
    out[r * blockDim.x + threadIdx.x] =
        CudaBlock{}.total<int>(width, [&](Index i) { return values[r * width + i]; });
}
__global__ void greatest_kernel(const int* values, Index rows, Index width, int* out) {
  for (Index r = 0; r < rows; ++r)
    out[r * blockDim.x + threadIdx.x] = CudaBlock{}.best(
        width, 0, [&](Index i) { return values[r * width + i]; },
        [](int a, int b) { return a > b; });
}

template <class Of>
void expect_of_rows(void (*kernel)(const int*, Index, Index, int*), Of of) {
  constexpr Index kRows = 5, kWidth = 300;
  std::vector<int> values(kRows * kWidth);
  for (std::size_t i = 0; i < values.size(); ++i)
    values[i] = static_cast<int>(i * 7919 % 1000 + i / kWidth * 1000);
  for (unsigned threads : {32U, 64U, 256U}) {
    std::vector<int> expected;
    for (Index r = 0; r < kRows; ++r)
      expected.insert(expected.end(), threads,
                      of(values.begin() + r * kWidth, values.begin() + (r + 1) * kWidth));
    for (std::uint64_t order = 1; order <= kOrders; ++order) {
      seed(order);
      const Device<int> in(values), out(expected.size());
      ASSERT_EQ(run(kernel, 1, threads, in.data, kRows, kWidth, out.data), cudaSuccess);
      ASSERT_EQ(out.values(), expected) << threads << " threads, order " << order;
    }
  }
}

TEST(CudaBlock, SumsRowAfterRow) {
  const auto sum = [](auto first, auto last) { return std::accumulate(first, last, 0); };
  expect_of_rows(sums_kernel, sum);
  expect_of_rows(totals_kernel, sum);
}
TEST(CudaBlock, FindsTheGreatestOfRowAfterRow) {
  expect_of_rows(greatest_kernel,
                 [](auto first, auto last) { return *std::max_element(first, last); });
}

__global__ void attention_kernel(FloatSource source, const float* probe, float* shares,
                                 float* context, Index* most) {
  most[threadIdx.x] = attention_row(CudaBlock{}, source, probe, shares, context);
}

// Each position in turn is the one to which the probe is most alike, the last one included, whose
// score is written last.
TEST(CudaBlock, AttendsEachPosition) {
  constexpr Index kPositions = 6, kWidth = 70;
  constexpr unsigned kThreads = 96;
  for (Index like = 0; like < kPositions; ++like) {
    std::vector<float> keys(kPositions * kWidth), probe(kWidth);
    for (Index k = 0; k < kWidth; ++k)
      probe[static_cast<std::size_t>(k)] = k % 2 == 0 ? 0.2F : -0.1F;
    for (Index s = 0; s < kPositions; ++s)
      for (Index k = 0; k < kWidth; ++k)
        keys[static_cast<std::size_t>(s * kWidth + k)] =
            (s == like ? 3.0F : 1.0F) * probe[static_cast<std::size_t>(k)] +
            static_cast<float>(s) * 0.01F;
    std::vector<double> scores(kPositions), context(kWidth);
    double sum = 0;
    for (Index s = 0; s < kPositions; ++s) {
      double score = 0;
      for (Index k = 0; k < kWidth; ++k)
        score += static_cast<double>(probe[static_cast<std::size_t>(k)]) *
                 static_cast<double>(keys[static_cast<std::size_t>(s * kWidth + k)]);
      sum += scores[static_cast<std::size_t>(s)] = std::exp(score);
    }
    for (Index s = 0; s < kPositions; ++s)
      for (Index k = 0; k < kWidth; ++k)
        context[static_cast<std::size_t>(k)] +=
            scores[static_cast<std::size_t>(s)] / sum *
            static_cast<double>(keys[static_cast<std::size_t>(s * kWidth + k)]);
    for (std::uint64_t order = 1; order <= kOrders; ++order) {
      seed(order);
      const Device<float> key(keys), asked(probe), shares(kPositions), found(kWidth);
      const Device<Index> most(kThreads);
      const FloatSource source{{key.data, kPositions, kWidth, kWidth}, {}, nullptr};
      ASSERT_EQ(run(attention_kernel, 1, kThreads, source, asked.data, shares.data, found.data,
                    most.data),
                cudaSuccess);
      ASSERT_EQ(most.values(), std::vector<Index>(kThreads, like)) << "order " << order;
      for (Index k = 0; k < kWidth; ++k)
        ASSERT_NEAR(static_cast<double>(found.values()[static_cast<std::size_t>(k)]),
                    context[static_cast<std::size_t>(k)], 1e-5);
    }
  }
}

}  // namespace
}  // namespace edgeval::standin
