// Products on the device against a loop in double, and their promise: a row's bits do not depend on
// its company.
#include <cmath>

#include "cuda/gemm.hpp"
#include "tests/cuda/kernels/device.hpp"

namespace edgeval::test {
namespace {

constexpr Index kBlock = gpu::DenseProduct::kRowBlock;

Matrix<float> product_of(const gpu::DenseProduct& product, const Matrix<float>& x,
                         const gpu::Stream& stream) {
  const Index rows = gpu::DenseProduct::padded(x.rows());
  const auto there = on_device(x.view(), stream, rows);
  gpu::DeviceMatrix<float> y;
  y.resize(rows, product.outputs(), stream);
  product(there.view(), x.rows(), y.view(), stream);
  Matrix<float> result(x.rows(), product.outputs());
  download(y.view(), result.view(), stream);
  stream.synchronize();
  return result;
}

TEST(GpuGemm, AgreesWithALoopInDouble) {
  EDGEVAL_NEEDS_GPU();
  const gpu::Stream stream;
  const gpu::CublasLt cublas;
  for (Index inputs : {1, 31, 32, 33, 494})
    for (Index outputs : {1, 29, 33, 160}) {
      Random random(static_cast<std::uint64_t>(inputs * 1000 + outputs));
      const Matrix<float> weight = random_matrix(random, outputs, inputs);
      const gpu::DenseProduct product(cublas, weight.view(), 4 * kBlock, stream);
      for (Index rows : {Index{0}, Index{1}, Index{33}, kBlock, 3 * kBlock + 5}) {
        const Matrix<float> x = random_matrix(random, rows, inputs);
        const Matrix<float> y = product_of(product, x, stream);
        double worst = 0;
        for (Index r = 0; r < rows; ++r)
          for (Index o = 0; o < outputs; ++o) {
            double sum = 0, size = 0;
            for (Index i = 0; i < inputs; ++i) {
              const double term = static_cast<double>(x(r, i)) * weight(o, i);
              sum += term;
              size += std::abs(term);
            }
            const double error = std::abs(y(r, o) - sum) / std::max(size, 1e-30);
            worst = std::isnan(error) ? INFINITY : std::max(worst, error);
          }
        EXPECT_LE(worst, 1e-6) << rows << " x " << inputs << " x " << outputs;  // TF32 is far above
      }
    }
}

TEST(GpuGemm, ARowsBitsDoNotDependOnTheOthers) {
  EDGEVAL_NEEDS_GPU();
  const gpu::Stream stream;
  const gpu::CublasLt cublas;
  Random random(1);
  const Matrix<float> weight = random_matrix(random, 1280, 321);
  const gpu::DenseProduct product(cublas, weight.view(), 4 * kBlock, stream);
  const Matrix<float> x = random_matrix(random, 10 * kBlock + 7, 321);
  const Matrix<float> together = product_of(product, x, stream);
  for (Index rows : {Index{1}, Index{7}, Index{64}, kBlock + 1})
    for (Index first : {Index{0}, Index{5}, 9 * kBlock - 3}) {
      Matrix<float> some(rows, x.cols());
      std::copy_n(x.row(first), some.size(), some.data());
      const Matrix<float> y = product_of(product, some, stream);
      EXPECT_TRUE(std::equal(y.data(), y.data() + y.size(), together.row(first)))
          << rows << " rows from " << first;
    }
}

}  // namespace
}  // namespace edgeval::test
