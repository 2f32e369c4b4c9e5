// Tests what the stand-in makes of cuBLASLt and CUB: results as those of plain loops, and the rules
// that the libraries' documentation states.
#include <cublasLt.h>
#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <cub/device/device_radix_sort.cuh>
#include <cub/device/device_scan.cuh>
#include <vector>

#include "tests/standin/device.hpp"

namespace edgeval::standin {
namespace {

// A product Y [n, m] = X [n, k] W [m, k]^T of row-major matrices, as edgeval asks for it.
struct Asked {
  bool floats = false;
  std::uint64_t m = 16, n = 128, k = 32;
  std::int64_t w_leading = 32, x_leading = 32, y_leading = 16;
  std::int32_t batches = 1;
  std::int64_t y_stride = 128 * 16;
  std::int32_t transposed = CUBLAS_OP_T;
  std::size_t x_shift = 0;  // bytes by which X begins behind an aligned address
};

struct Product {
  cublasLtHandle_t handle = nullptr;
  cublasLtMatmulDescOpaque_t product{};
  cublasLtMatrixLayoutOpaque_t w{}, x{}, y{};
  cublasLtMatmulPreferenceOpaque_t preference{};
  std::array<cublasLtMatmulHeuristicResult_t, 16> found{};
  int count = 0;

  explicit Product(const Asked& asked) {
    const cudaDataType_t in = asked.floats ? CUDA_R_32F : CUDA_R_8I;
    const cudaDataType_t out = asked.floats ? CUDA_R_32F : CUDA_R_32I;
    cublasLtCreate(&handle);
    cublasLtMatmulDescInit(&product,
                           asked.floats ? CUBLAS_COMPUTE_32F_PEDANTIC : CUBLAS_COMPUTE_32I, out);
    cublasLtMatmulDescSetAttribute(&product, CUBLASLT_MATMUL_DESC_TRANSA, &asked.transposed, 4);
    cublasLtMatrixLayoutInit(&w, in, asked.k, asked.m, asked.w_leading);
    cublasLtMatrixLayoutInit(&x, in, asked.k, asked.n, asked.x_leading);
    cublasLtMatrixLayoutInit(&y, out, asked.m, asked.n, asked.y_leading);
    const auto batched = [&](cublasLtMatrixLayoutOpaque_t& layout, std::int64_t stride) {
      cublasLtMatrixLayoutSetAttribute(&layout, CUBLASLT_MATRIX_LAYOUT_BATCH_COUNT, &asked.batches,
                                       4);
      cublasLtMatrixLayoutSetAttribute(&layout, CUBLASLT_MATRIX_LAYOUT_STRIDED_BATCH_OFFSET,
                                       &stride, 8);
    };
    batched(w, 0);
    batched(x, static_cast<std::int64_t>(asked.n) * asked.x_leading);
    batched(y, asked.y_stride);
    cublasLtMatmulPreferenceInit(&preference);
  }
  ~Product() { cublasLtDestroy(handle); }

  cublasStatus_t choose() {
    return cublasLtMatmulAlgoGetHeuristic(handle, &product, &w, &x, &y, &y, &preference, 16,
                                          found.data(), &count);
  }
  // Returns the parts into which an algorithm splits the inner dimension, 0 if it does not say, or
  // -1 if it fails.
  int splits(int at) const {
    int value = 0;
    if (found[static_cast<std::size_t>(at)].state != CUBLAS_STATUS_SUCCESS) return -1;
    const cublasStatus_t status = cublasLtMatmulAlgoConfigGetAttribute(
        &found[static_cast<std::size_t>(at)].algo, CUBLASLT_ALGO_CONFIG_SPLITK_NUM, &value,
        sizeof value, nullptr);
    return status == CUBLAS_STATUS_SUCCESS ? value : 0;
  }
  int first_with(int parts) const {
    for (int i = 0; i < count; ++i)
      if (splits(i) == parts) return i;
    return -1;
  }
  cublasStatus_t multiply(const void* weights, const void* in, void* out, bool floats, int at,
                          cudaStream_t stream) {
    const float one = 1, zero = 0;
    const std::int32_t whole_one = 1, whole_zero = 0;
    return cublasLtMatmul(handle, &product, floats ? static_cast<const void*>(&one) : &whole_one,
                          weights, &w, in, &x,
                          floats ? static_cast<const void*>(&zero) : &whole_zero, out, &y, out, &y,
                          &found[static_cast<std::size_t>(at)].algo, nullptr, 0, stream);
  }
};

TEST(CublasLt, OffersAlgorithmsThatOneMustNotTake) {
  for (std::uint64_t k : {32U, 64U, 96U, 128U}) {
    Product product({.k = k, .w_leading = 128, .x_leading = 128});
    ASSERT_EQ(product.choose(), CUBLAS_STATUS_SUCCESS);
    for (int parts : {-1, 0, 1, 4}) EXPECT_GE(product.first_with(parts), 0) << parts;
  }
}

TEST(CublasLt, MultipliesBytesAsALoopDoes) {
  constexpr std::size_t kRows = 64;  // number of rows that every algorithm takes
  const Asked asked{
      .m = 20, .n = kRows, .k = 36, .w_leading = 48, .x_leading = 40, .y_leading = 24};
  std::vector<std::int8_t> w(20 * 48), x(kRows * 40);
  for (std::size_t i = 0; i < w.size(); ++i) w[i] = static_cast<std::int8_t>(i * 89 % 256 - 128);
  for (std::size_t i = 0; i < x.size(); ++i) x[i] = static_cast<std::int8_t>(i * 53 % 256 - 128);
  const Device<std::int8_t> w_there(w), x_there(x);
  const Device<std::int32_t> y_there(kRows * 24);
  Product product(asked);
  ASSERT_EQ(product.choose(), CUBLAS_STATUS_SUCCESS);
  const OneStream stream;
  ASSERT_EQ(product.multiply(w_there.data, x_there.data, y_there.data, false, product.first_with(1),
                             stream),
            CUBLAS_STATUS_SUCCESS);
  ASSERT_EQ(cudaStreamSynchronize(stream), cudaSuccess);
  const std::vector<std::int32_t> y = y_there.values();
  for (std::size_t r = 0; r < kRows; ++r)
    for (std::size_t o = 0; o < 20; ++o) {
      std::int32_t sum = 0;
      for (std::size_t i = 0; i < 36; ++i) sum += w[o * 48 + i] * x[r * 40 + i];
      EXPECT_EQ(y[r * 24 + o], sum);
    }
}

// Returns sums of floats, added in the order that this number of rows has.
std::vector<float> product_of_floats(std::uint64_t rows, int parts) {
  const Asked asked{.floats = true,
                    .m = 8,
                    .n = rows,
                    .k = 300,
                    .w_leading = 300,
                    .x_leading = 300,
                    .y_leading = 8};
  std::vector<float> w(8 * 300), x(rows * 300);
  for (std::size_t i = 0; i < w.size(); ++i) w[i] = std::sin(static_cast<float>(i));
  for (std::size_t i = 0; i < x.size(); ++i) x[i] = std::cos(static_cast<float>(i % 300));
  const Device<float> w_there(w), x_there(x), y_there(rows * 8);
  Product product(asked);
  EXPECT_EQ(product.choose(), CUBLAS_STATUS_SUCCESS);
  const OneStream stream;
  EXPECT_EQ(product.multiply(w_there.data, x_there.data, y_there.data, true,
                             product.first_with(parts), stream),
            CUBLAS_STATUS_SUCCESS);
  EXPECT_EQ(cudaStreamSynchronize(stream), cudaSuccess);
  std::vector<float> y = y_there.values();
  for (std::size_t o = 0; o < 8; ++o) {
    double sum = 0;
    for (std::size_t i = 0; i < 300; ++i)
      sum += static_cast<double>(w[o * 300 + i]) * static_cast<double>(x[i]);
    EXPECT_NEAR(y[o], sum, 1e-4);
  }
  y.resize(8);  // one row is kept, since all rows are equal
  return y;
}

TEST(CublasLt, AddsFloatsInAnOrderThatTheShapeDecides) {
  EXPECT_EQ(product_of_floats(128, 1), product_of_floats(128, 1));
  int different = 0;
  for (std::uint64_t rows : {1U, 2U, 3U, 4U, 5U})
    different += product_of_floats(rows, 1) != product_of_floats(128, 1);
  EXPECT_GT(different, 0);
  EXPECT_NE(product_of_floats(128, 4), product_of_floats(128, 1));
}

TEST(CublasLt, RefusesWhatItsDocumentationRefuses) {
  const auto chosen = [](const Asked& asked) { return Product(asked).choose(); };
  EXPECT_EQ(chosen({}), CUBLAS_STATUS_SUCCESS);
  EXPECT_EQ(chosen({.m = 18, .y_leading = 18}), CUBLAS_STATUS_NOT_SUPPORTED);
  EXPECT_EQ(chosen({.k = 30}), CUBLAS_STATUS_NOT_SUPPORTED);
  EXPECT_EQ(chosen({.x_leading = 34}), CUBLAS_STATUS_NOT_SUPPORTED);
  EXPECT_EQ(chosen({.w_leading = 28}), CUBLAS_STATUS_NOT_SUPPORTED);
  EXPECT_EQ(chosen({.transposed = CUBLAS_OP_N}), CUBLAS_STATUS_NOT_SUPPORTED);
  EXPECT_EQ(chosen({.batches = 2}), CUBLAS_STATUS_SUCCESS);
  EXPECT_EQ(chosen({.batches = 2, .y_stride = 100}), CUBLAS_STATUS_NOT_SUPPORTED);

  const Device<std::int8_t> w(16 * 32), x(128 * 32);
  const Device<std::int32_t> y(128 * 16);
  const OneStream stream;
  Product product{Asked{}};
  ASSERT_EQ(product.choose(), CUBLAS_STATUS_SUCCESS);
  const auto multiplied = [&](const std::int8_t* in, std::int32_t* out, int parts) {
    return product.multiply(w.data, in, out, false, product.first_with(parts), stream);
  };
  EXPECT_EQ(multiplied(x.data, y.data, 1), CUBLAS_STATUS_SUCCESS);
  EXPECT_NE(multiplied(x.data + 1, y.data, 1), CUBLAS_STATUS_SUCCESS) << "behind the memory";
  EXPECT_NE(multiplied(x.data, y.data, -1), CUBLAS_STATUS_SUCCESS) << "an algorithm that fails";
  const Device<std::int8_t> more(128 * 32 + 256);
  EXPECT_EQ(multiplied(more.data + 256, y.data, 1), CUBLAS_STATUS_SUCCESS);
  EXPECT_NE(multiplied(more.data + 16, y.data, 1), CUBLAS_STATUS_SUCCESS)
      << "less aligned than was promised";
  Product narrower{Asked{.k = 16}};
  ASSERT_EQ(narrower.choose(), CUBLAS_STATUS_SUCCESS);
  product.found = narrower.found;
  EXPECT_NE(multiplied(x.data, y.data, 1), CUBLAS_STATUS_SUCCESS) << "of another shape";
}

TEST(CublasLt, IsNotCalledForTheFirstTimeInARecording) {
  const Device<std::int8_t> w(16 * 32), x(128 * 32);
  const Device<std::int32_t> y(128 * 16);
  const OneStream stream;
  Product product{Asked{}};
  ASSERT_EQ(product.choose(), CUBLAS_STATUS_SUCCESS);
  const auto record = [&] {
    EXPECT_EQ(cudaStreamBeginCapture(stream, cudaStreamCaptureModeThreadLocal), cudaSuccess);
    const cublasStatus_t status =
        product.multiply(w.data, x.data, y.data, false, product.first_with(1), stream);
    cudaGraph_t graph = nullptr;
    EXPECT_EQ(cudaStreamEndCapture(stream, &graph),
              status == CUBLAS_STATUS_SUCCESS ? cudaSuccess : cudaErrorStreamCaptureInvalidated);
    if (graph != nullptr) cudaGraphDestroy(graph);
    return status;
  };
  EXPECT_NE(record(), CUBLAS_STATUS_SUCCESS);
  EXPECT_EQ(product.multiply(w.data, x.data, y.data, false, product.first_with(1), stream),
            CUBLAS_STATUS_SUCCESS);
  EXPECT_EQ(record(), CUBLAS_STATUS_SUCCESS);
}

TEST(Cub, SortsStablyAndSums) {
  const Device<int> keys(std::vector<int>{3, 1, 3, 0, 2, 1}), sorted(6);
  const Device<int> values(std::vector<int>{0, 1, 2, 3, 4, 5}), order(6), sums(6);
  const OneStream stream;
  std::size_t sort = 0, scan = 0;
  const auto sort_with = [&](void* scratch) {
    return cub::DeviceRadixSort::SortPairsDescending(
        scratch, sort, static_cast<const int*>(keys.data), sorted.data,
        static_cast<const int*>(values.data), order.data, 6, 0, 32, stream);
  };
  ASSERT_EQ(sort_with(nullptr), cudaSuccess);
  ASSERT_EQ(cub::DeviceScan::ExclusiveSum(nullptr, scan, keys.data, sums.data, 6, stream),
            cudaSuccess);
  EXPECT_GT(sort, 0U);
  const Device<char> scratch(std::max(sort, scan));
  ASSERT_EQ(sort_with(scratch.data), cudaSuccess);
  ASSERT_EQ(cub::DeviceScan::ExclusiveSum(scratch.data, scan, keys.data, sums.data, 6, stream),
            cudaSuccess);
  ASSERT_EQ(cudaStreamSynchronize(stream), cudaSuccess);
  EXPECT_EQ(sorted.values(), (std::vector<int>{3, 3, 2, 1, 1, 0}));
  EXPECT_EQ(order.values(), (std::vector<int>{0, 2, 4, 1, 5, 3}));
  EXPECT_EQ(sums.values(), (std::vector<int>{0, 3, 4, 7, 7, 9}));
  std::size_t less = sort - 1;
  std::swap(less, sort);
  EXPECT_EQ(sort_with(scratch.data), cudaErrorInvalidValue);
}

}  // namespace
}  // namespace edgeval::standin
