// Compares products on the device with a loop in double, or with exact sums of integers, and tests
// that a row's bits do not depend on the other rows.
#include <cmath>

#include "cuda/device/gemm.hpp"
#include "tests/cuda/kernels/device.hpp"

namespace edgeval::test {
namespace {

constexpr Index kRowBlock = gpu::Product::kRowBlock;

Matrix<float> product_of(const gpu::Product& product, const Matrix<float>& x,
                         const gpu::Stream& stream) {
  const Index rows = gpu::Product::padded(x.rows());
  const auto there = on_device(x.view(), stream, rows);
  gpu::DeviceMatrix<float> y;
  y.resize_discarding(rows, product.outputs(), stream);
  product(float_rows<gpu::OperandRows>(there), x.rows(), float_rows<gpu::SumRows>(y), stream);
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
      const gpu::Product product(cublas, weight.view(), 4 * kRowBlock, stream);
      for (Index rows : {Index{0}, Index{1}, Index{33}, kRowBlock, 3 * kRowBlock + 5}) {
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
  const gpu::Product product(cublas, weight.view(), 4 * kRowBlock, stream);
  const Matrix<float> x = random_matrix(random, 10 * kRowBlock + 7, 321);
  const Matrix<float> together = product_of(product, x, stream);
  for (Index rows : {Index{1}, Index{7}, Index{64}, kRowBlock + 1})
    for (Index first : {Index{0}, Index{5}, 9 * kRowBlock - 3}) {
      Matrix<float> some(rows, x.cols());
      std::copy_n(x.row(first), some.size(), some.data());
      const Matrix<float> y = product_of(product, some, stream);
      EXPECT_TRUE(std::equal(y.data(), y.data() + y.size(), together.row(first)))
          << rows << " rows from " << first;
    }
}

// Expects exact sums of operands that use all their bits and reach both ends of the range, while
// the padding holds rubbish.
template <int Bits>
void expect_exact_sums(Index inputs, Index outputs, Index rows, const gpu::CublasLt& cublas,
                       const gpu::Stream& stream) {
  Random random(static_cast<std::uint64_t>(inputs * 1000 + outputs));
  const Matrix<float> weight = random_matrix(random, outputs, inputs);
  const FixedWeights weights = FixedWeights::of(weight.view(), Bits);
  const gpu::Product product(cublas, weights, Bits, stream);
  const gpu::ProductShape& shape = product.shape();
  EXPECT_EQ(product.weight_bits(), weights.fraction_bits);
  std::vector<std::int8_t> digits(
      static_cast<std::size_t>(gpu::Product::padded(rows) * shape.operand_bytes()), 77);
  Matrix<std::int64_t> x(rows, inputs);
  for (Index r = 0; r < rows; ++r) {
    const gpu::DigitTarget<Bits == 16 ? 2 : 1> row{digits.data() + r * shape.operand_bytes(),
                                                   shape.operand_stride(), 1};
    for (Index i = 0; i < inputs; ++i) {
      x(r, i) = random.chance(0.2) ? random.of<Index>({lowest_of(Bits), highest_of(Bits)})
                                   : random.whole(lowest_of(Bits), highest_of(Bits));
      row[i] = static_cast<float>(x(r, i));
    }
  }
  const auto there = on_device(digits, stream);
  gpu::DeviceBuffer<std::int32_t> sums;
  const Index count = gpu::Product::padded(rows) * shape.sum_bytes() / Index{4};
  sums.reserve_discarding(count, stream);
  product({there.data(), shape.operand_stride()}, rows, {sums.data(), shape.sum_stride()}, stream);
  const std::vector<std::int32_t> y = on_host(sums, count, stream);
  for (Index r = 0; r < rows; ++r)
    for (Index o = 0; o < outputs; ++o) {
      const std::int32_t* const first = y.data() + r * shape.sum_bytes() / Index{4};
      const std::int64_t sum =
          Bits == 16 ? gpu::DigitSums{first, first + shape.sum_stride(), outputs}[o] : first[o];
      std::int64_t expected = 0;
      for (Index i = 0; i < inputs; ++i) expected += x(r, i) * weights.codes(o, i);
      ASSERT_EQ(sum + product.offsets()[o], expected)
          << rows << " x " << inputs << " x " << outputs;
    }
}

TEST(GpuGemm, IntegersAreSummedExactly) {
  EDGEVAL_NEEDS_GPU();
  const gpu::Stream stream;
  const gpu::CublasLt cublas;
  for (Index inputs : {1, 31, 32, 33, 494})
    for (Index outputs : {1, 29, 33, 160})
      for (Index rows : {Index{0}, Index{1}, Index{33}, kRowBlock, 3 * kRowBlock + 5}) {
        expect_exact_sums<8>(inputs, outputs, rows, cublas, stream);
        expect_exact_sums<16>(inputs, outputs, rows, cublas, stream);
      }
}

// The numbers of rows lie around those where another algorithm takes over.
TEST(GpuGemm, IntegersAreSummedExactlyForEveryNumberOfRows) {
  EDGEVAL_NEEDS_GPU();
  const gpu::Stream stream;
  const gpu::CublasLt cublas;
  for (Index rows : {15, 16, 17, 64, 65, 127, 129, 512, 513, 1023, 1025, 4100, 8193}) {
    expect_exact_sums<8>(7, 3, rows, cublas, stream);
    expect_exact_sums<16>(7, 3, rows, cublas, stream);
  }
}

}  // namespace
}  // namespace edgeval::test
