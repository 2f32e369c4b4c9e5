// Tests, without a GPU, the signed digits of which the GPU makes integer products: numbers of the
// whole range are cut into digits and put together again, and a product that plain loops make of
// digits is compared with the CPU engine's, up to the cells.
#include "cuda/device/digits.hpp"

#include <gtest/gtest.h>

#include "host/body/cell.hpp"
#include "host/engine/product/layer_arithmetic.hpp"
#include "tests/support/random_case.hpp"

namespace edgeval::test {
namespace {

using gpu::DigitSums;
using gpu::DigitTarget;
using gpu::ProductShape;

TEST(Digits, HoldEverySixteenBitNumber) {
  for (std::int32_t x = -32768; x <= 32767; ++x)
    ASSERT_EQ(256 * gpu::upper_digit(x) + gpu::lower_digit(x) + 128, x);
}

TEST(Digits, OfTheEndsOfTheRange) {
  EXPECT_EQ(gpu::upper_digit(-32768), -128);
  EXPECT_EQ(gpu::lower_digit(-32768), -128);
  EXPECT_EQ(gpu::upper_digit(32767), 127);
  EXPECT_EQ(gpu::lower_digit(32767), 127);
  EXPECT_EQ(gpu::upper_digit(-1), -1);
  EXPECT_EQ(gpu::lower_digit(-1), 127);
}

TEST(Words, HoldEighteenBitsAndMore) {
  for (std::int32_t x = -200000; x <= 200000; ++x) {
    ASSERT_EQ(gpu::lower_word(x) + 65536 * gpu::upper_word(x), x);
    ASSERT_GE(gpu::lower_word(x), -32768);
    ASSERT_LE(gpu::lower_word(x), 32767);
  }
  EXPECT_EQ(gpu::upper_word(32767), 0);
  EXPECT_EQ(gpu::upper_word(32768), 1);
  EXPECT_EQ(gpu::upper_word(-32768), 0);
  EXPECT_EQ(gpu::upper_word(-32769), -1);
}

TEST(ProductShapes, PadBytesToSixteensAndFloatsToFours) {
  const ProductShape floats{5, 7, 32}, bytes{5, 7, 8}, words{33, 9, 16};
  EXPECT_EQ(floats.terms(), 5);
  EXPECT_EQ(floats.width(), 7);
  EXPECT_EQ(floats.operand_bytes(), 8 * 4);
  EXPECT_EQ(floats.sum_bytes(), 8 * 4);
  EXPECT_EQ(bytes.terms(), 16);
  EXPECT_EQ(bytes.width(), 16);
  EXPECT_EQ(bytes.operand_bytes(), 16);
  EXPECT_EQ(bytes.sum_bytes(), 16 * 4);
  EXPECT_EQ(words.terms(), 48);
  EXPECT_EQ(words.width(), 32);  // 2 x 9, padded
  EXPECT_EQ(words.operand_bytes(), 2 * 48);
  EXPECT_EQ(words.sum_bytes(), 2 * 32 * 4);
  for (Index inputs = 1; inputs < 200; ++inputs)
    for (int bits : {8, 16}) {
      const ProductShape shape{inputs, 2 * inputs + 1, bits};
      EXPECT_EQ(shape.terms() % 16, 0);
      EXPECT_EQ(shape.width() % 16, 0);
      EXPECT_GE(shape.operand_stride(), shape.terms());
      EXPECT_GE(shape.width(), shape.digits() * shape.outputs);
    }
}

// Returns X W^T as the device computes it: bytes by bytes, in sums of 32 bits, without reading the
// padding.
std::vector<std::int32_t> multiply(const ProductShape& shape, const std::vector<std::int8_t>& x,
                                   const FixedWeights& weights, Index rows) {
  const Matrix<std::int8_t> digits = weights.digits(shape.bits);
  std::vector<std::int32_t> y(static_cast<std::size_t>(shape.digits() * rows * shape.sum_stride()));
  for (Index r = 0; r < shape.digits() * rows; ++r)
    for (Index o = 0; o < digits.rows(); ++o)
      for (Index i = 0; i < shape.inputs; ++i)
        y[r * shape.sum_stride() + o] += x[r * shape.operand_stride() + i] * digits(o, i);
  return y;
}

std::vector<std::int8_t> digits_of(const ProductShape& shape, const Matrix<float>& x, int x_bits) {
  std::vector<std::int8_t> result(static_cast<std::size_t>(x.rows() * shape.operand_bytes()), 77);
  const float scale = static_cast<float>(power_of_two(x_bits));
  for (Index r = 0; r < x.rows(); ++r)
    for (Index i = 0; i < x.cols(); ++i) {
      std::int8_t* const row = result.data() + r * shape.operand_bytes();
      if (shape.bits == 16)
        DigitTarget<2>{row, shape.operand_stride(), scale}[i] = x(r, i);
      else
        DigitTarget<1>{row, shape.operand_stride(), scale}[i] = x(r, i);
    }
  return result;
}

Matrix<float> random_on_grid(Random& random, Index rows, Index cols, int bits, int fraction_bits) {
  Matrix<float> values(rows, cols);
  for (float& value : values.values()) {
    const auto code = random.chance(0.2) ? random.of<Index>({lowest_of(bits), highest_of(bits), 0})
                                         : random.whole(lowest_of(bits), highest_of(bits));
    value = static_cast<float>(static_cast<double>(code) * power_of_two(-fraction_bits));
  }
  return values;
}

Matrix<float> random_weights(Random& random, Index outputs, Index inputs) {
  Matrix<float> weight(outputs, inputs);
  for (float& value : weight.values()) value = static_cast<float>(random.uniform(-1, 1));
  return weight;
}

template <class Sum>
struct Sides {
  FixedProduct<Sum> cpu;
  FixedWeights weights;
  ProductShape shape;
  explicit Sides(const Matrix<float>& weight)
      : cpu(FixedWeights::of(weight.view(), FixedProduct<Sum>::kBits)),
        weights(FixedWeights::of(weight.view(), FixedProduct<Sum>::kBits)),
        shape{weight.cols(), weight.rows(), FixedProduct<Sum>::kBits} {}
  // The names are those of the GPU's products.
  int weight_bits() const { return weights.fraction_bits; }
  std::vector<std::int64_t> offsets() const {
    std::vector<std::int64_t> result;
    for (Index o = 0; o < shape.outputs; ++o) {
      std::int64_t sum = 0;
      for (Index i = 0; i < shape.inputs; ++i) sum += weights.codes(o, i);
      result.push_back(shape.bits == 16 ? gpu::kLowDigitOffset * sum : 0);
    }
    return result;
  }
};

auto sums_of(const std::vector<std::int32_t>& y, const ProductShape& shape, std::int64_t) {
  return DigitSums{y.data(), y.data() + shape.sum_stride(), shape.outputs};
}
auto sums_of(const std::vector<std::int32_t>& y, const ProductShape&, std::int32_t) {
  return y.data();
}

template <class Sum>
void expect_sums_of_the_cpu() {
  constexpr int kBits = FixedProduct<Sum>::kBits;
  for (Index inputs : {1, 31, 32, 33, 500})
    for (Index outputs : {1, 4, 33}) {
      Random random(static_cast<std::uint64_t>(100 * inputs + outputs));
      const Sides<Sum> sides(random_weights(random, outputs, inputs));
      const Matrix<float> x = random_on_grid(random, kRowBlock, inputs, kBits, 5);
      Matrix<Sum> cpu(kRowBlock, outputs);
      sides.cpu(x.data(), 5, kRowBlock, cpu.data());
      const auto y = multiply(sides.shape, digits_of(sides.shape, x, 5), sides.weights, 1);
      const auto sums = sums_of(y, sides.shape, Sum{});
      const auto offsets = sides.offsets();
      for (Index o = 0; o < outputs; ++o)
        EXPECT_EQ(sums[o] + offsets[o], cpu(0, o) + sides.cpu.offsets()[o])
            << inputs << " inputs, output " << o;
    }
}

TEST(DigitProducts, OfBytesAreTheCpuProducts) { expect_sums_of_the_cpu<std::int32_t>(); }
TEST(DigitProducts, OfTwoDigitsAreTheCpuProducts) { expect_sums_of_the_cpu<std::int64_t>(); }

// With the greatest number of terms, all at the ends of their ranges, sums still fit 32 bits.
TEST(DigitProducts, TheLargestSumsStayInThirtyTwoBits) {
  constexpr std::int64_t kMost = 65536;
  EXPECT_LE(kMost * 128 * 128, std::int64_t{1} << 30);
  EXPECT_NO_THROW(ByteProduct::expect_exact_sums(kMost));
  EXPECT_ANY_THROW(ByteProduct::expect_exact_sums(kMost + 1));
}

template <class Sum>
void expect_cells_of_the_cpu() {
  constexpr int kBits = FixedProduct<Sum>::kBits, kXBits = kBits - 2;
  constexpr Index kInputs = 33, kCells = 17;
  Random random(7);
  const Sides<Sum> input(random_weights(random, 4 * kCells, kInputs));
  const Sides<Sum> recurrent(random_weights(random, 4 * kCells, kCells));
  const Matrix<float> bias = random_weights(random, 1, 4 * kCells);
  const Matrix<float> x = random_on_grid(random, kRowBlock, kInputs, kBits, kXBits);
  const Matrix<float> h = random_on_grid(random, kRowBlock, kCells, kBits, kBits - 1);
  using Numbers = FixedNumbers<Sum>;
  struct Cells {
    std::vector<std::int32_t> c = std::vector<std::int32_t>(kCells, 12345);
    std::vector<float> h = std::vector<float>(kCells), output = h;
  };

  const LayerProducts<FixedProduct<Sum>> products{FixedProduct<Sum>(input.weights),
                                                  FixedProduct<Sum>(recurrent.weights), &bias};
  const FixedLayer<Sum> layer(products, kXBits);
  Matrix<Sum> wx(kRowBlock, 4 * kCells), uh(kRowBlock, 4 * kCells);
  layer.multiply_input(x.data(), 1, wx.data());
  layer.multiply_recurrent(h.data(), 1, uh.data());
  Cells cpu;
  cell_row(SerialBlock{}, layer.numbers(),
           CellRow<Numbers>{wx.data(), uh.data(), kCells, cpu.c.data(), cpu.h.data(),
                            cpu.output.data()});

  const std::vector<std::int64_t> offsets_x = input.offsets(), offsets_h = recurrent.offsets();
  const FixedScale::Product recurrent_part{recurrent.weight_bits() + kBits - 1, offsets_h};
  const FixedScale scale = FixedScale::of(kBits, {input.weight_bits() + kXBits, offsets_x},
                                          &recurrent_part, bias, kXBits);
  const auto y_x = multiply(input.shape, digits_of(input.shape, x, kXBits), input.weights, 1);
  const auto y_h =
      multiply(recurrent.shape, digits_of(recurrent.shape, h, kBits - 1), recurrent.weights, 1);
  Cells device;
  const auto sums_x = sums_of(y_x, input.shape, Sum{});
  cell_row(SerialBlock{}, scale.template numbers<Sum>(kBits - 1),
           CellRow<Numbers, std::remove_const_t<decltype(sums_x)>>{
               sums_x, sums_of(y_h, recurrent.shape, Sum{}), kCells, device.c.data(),
               device.h.data(), device.output.data()});
  EXPECT_EQ(device.c, cpu.c);
  EXPECT_EQ(device.h, cpu.h);
  EXPECT_EQ(device.output, cpu.output);
}

TEST(DigitProducts, GiveTheCellsOfTheCpu) {
  expect_cells_of_the_cpu<std::int32_t>();
  expect_cells_of_the_cpu<std::int64_t>();
}

}  // namespace
}  // namespace edgeval::test
