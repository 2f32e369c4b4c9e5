#include "host/engine/product/fixed_product.hpp"

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "host/core/error.hpp"

namespace edgeval {
namespace {

constexpr std::int32_t kMostWithTwoDigits = 127 * 256 + 127;
// A format has -60 to 60 fraction bits, so that sums of both products stay within 64 bits.
constexpr int kMostFractionBits = 60;

// Returns the lower digit, in [-128, 127]. The upper digit is (code - lower) / 256.
std::int32_t lower_digit(std::int32_t code) { return ((code + 128) & 255) - 128; }

}  // namespace

FixedWeights FixedWeights::rows(Index first, Index count) const {
  Matrix<std::int32_t> some(count, codes.cols());
  std::copy_n(codes.row(first), some.size(), some.data());
  return {std::move(some), fraction_bits};
}

Matrix<std::int8_t> FixedWeights::digits(int bits) const {
  const Index outputs = codes.rows();
  Matrix<std::int8_t> bytes(bits == 16 ? 2 * outputs : outputs, codes.cols());
  for (Index o = 0; o < outputs; ++o) {
    for (Index i = 0; i < codes.cols(); ++i) {
      const std::int32_t code = codes(o, i);
      if (bits == 8) {
        bytes(o, i) = static_cast<std::int8_t>(code);
      } else {
        bytes(o, i) = static_cast<std::int8_t>((code - lower_digit(code)) / 256);
        bytes(outputs + o, i) = static_cast<std::int8_t>(lower_digit(code));
      }
    }
  }
  return bytes;
}

int FixedWeights::format(MatrixView<const float> weight, int bits) {
  const double most = bits == 16 ? kMostWithTwoDigits : static_cast<double>(highest_of(bits));
  double largest = 0;
  for (Index o = 0; o < weight.rows; ++o)
    for (Index i = 0; i < weight.cols; ++i)
      largest = std::max(largest, std::abs(static_cast<double>(weight(o, i))));
  const int fraction_bits = finest_format(largest, most, 0);
  EDGEVAL_EXPECTS(fraction_bits >= -kMostFractionBits, "int", bits, ": a weight of ", largest,
                  " is too large; ", std::ldexp(most, kMostFractionBits),
                  " is the most that its sums bear; run in fp32");
  return std::min(fraction_bits, kMostFractionBits);
}

FixedWeights FixedWeights::of(MatrixView<const float> weight, int bits) {
  FixedWeights fixed{Matrix<std::int32_t>(weight.rows, weight.cols), format(weight, bits)};
  const double scale = power_of_two(fixed.fraction_bits);
  for (Index o = 0; o < weight.rows; ++o)
    for (Index i = 0; i < weight.cols; ++i)
      fixed.codes(o, i) = Grid::nearest(static_cast<double>(weight(o, i)) * scale);
  return fixed;
}

template <class SumT>
FixedProduct<SumT>::FixedProduct(const FixedWeights& weights, ByteProduct::Route route)
    : inputs_(weights.codes.cols()),
      outputs_(weights.codes.rows()),
      fraction_bits_(weights.fraction_bits),
      product_(kBits == 16 ? 2 * kRowBlock : kRowBlock, weights.digits(kBits).view(), route) {
  for (Index o = 0; o < outputs_; ++o) {
    std::int64_t sum = 0, magnitude = 0;
    for (Index i = 0; i < inputs_; ++i) {
      sum += weights.codes(o, i);
      magnitude += std::abs(weights.codes(o, i));
    }
    offsets_.push_back(sum * lowest_of(kBits));
    magnitudes_.push_back(magnitude);
  }
}

template <>
void FixedProduct<std::int32_t>::operator()(const float* x, int x_bits, Index rows,
                                            std::int32_t* y) const {
  thread_local Matrix<std::uint8_t> bytes;
  const Index count = kRowBlock * inputs_;
  if (bytes.size() < count) bytes = Matrix<std::uint8_t>(1, count);
  std::uint8_t* const b = bytes.data();
  const float scale = static_cast<float>(power_of_two(x_bits));
  for (Index r = 0; r < rows; r += kRowBlock) {
    const float* const from = x + r * inputs_;
    EDGEVAL_INDEPENDENT
    for (Index i = 0; i < count; ++i)
      b[i] = static_cast<std::uint8_t>(static_cast<std::int32_t>(from[i] * scale) + 128);
    product_(b, y + r * outputs_);
  }
}

template <>
void FixedProduct<std::int64_t>::operator()(const float* x, int x_bits, Index rows,
                                            std::int64_t* y) const {
  thread_local Matrix<std::uint8_t> bytes;
  thread_local Matrix<std::int32_t> planes;
  const Index count = kRowBlock * inputs_, half = 2 * kRowBlock * outputs_;
  if (bytes.size() < 2 * count) bytes = Matrix<std::uint8_t>(1, 2 * count);
  if (planes.size() < 2 * half) planes = Matrix<std::int32_t>(1, 2 * half);
  std::uint8_t* const upper = bytes.data();
  std::uint8_t* const lower = upper + count;
  const float scale = static_cast<float>(power_of_two(x_bits));
  for (Index r = 0; r < rows; r += kRowBlock) {
    const float* const from = x + r * inputs_;
    EDGEVAL_INDEPENDENT
    for (Index i = 0; i < count; ++i) {
      const std::int32_t code = static_cast<std::int32_t>(from[i] * scale) + 32768;
      upper[i] = static_cast<std::uint8_t>(code >> 8);
      lower[i] = static_cast<std::uint8_t>(code & 255);
    }
    product_(bytes.data(), planes.data());
    for (Index n = 0; n < kRowBlock; ++n) {
      const std::int32_t* const a =
          planes.data() + n * 2 * outputs_;    // x's upper byte times [u | v]
      const std::int32_t* const d = a + half;  // x's lower byte times [u | v]
      std::int64_t* const to = y + (r + n) * outputs_;
      EDGEVAL_INDEPENDENT
      for (Index o = 0; o < outputs_; ++o) {
        const std::int64_t middle = static_cast<std::int64_t>(a[outputs_ + o]) + d[o];
        to[o] = (static_cast<std::int64_t>(a[o]) << 16) + (middle << 8) + d[outputs_ + o];
      }
    }
  }
}

template class FixedProduct<std::int32_t>;
template class FixedProduct<std::int64_t>;

}  // namespace edgeval
