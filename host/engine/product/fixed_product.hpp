// Y = X W^T in integers of 8 or 16 bits, summed exactly, from rows that carry fixed-point values as
// floats.
//
// An 8-bit x enters as the byte x + 128. A 16-bit x is cut into two bytes, x + 32768 = 256 a + b, a
// 16-bit w into two signed digits, w = 256 u + v, so that x w = 65536 a u + 256 (a v + b u) + b v -
// 32768 w: four byte products. What the offsets add, 128 or 32768 times the sum of a row's weights,
// depends on no input: offsets() has it, for the bias.
#pragma once

#include "host/engine/product/byte_product.hpp"
#include "host/engine/product/dense_product.hpp"
#include "host/numeric/fixed_point.hpp"

namespace edgeval {

// A weight matrix in fixed point: integers and their format.
struct FixedWeights {
  Matrix<std::int32_t> codes;  // [O, C]
  int fraction_bits = 0;

  // The format is the finest that holds the largest weight: a power of two for the whole matrix.
  // 16-bit codes stay within 32639 so that both digits are bytes.
  static FixedWeights of(MatrixView<const float> weight, int bits);
  // Throws Error where a weight is too large for any format.
  static int format(MatrixView<const float> weight, int bits);  // its fraction bits

  // Rows [first, first + count), in the format of all.
  FixedWeights rows(Index first, Index count) const;

  // As signed bytes. 8 bits: [O, C]. 16 bits: [2 O, C], the upper digits u of all rows, then the
  // lower ones v.
  Matrix<std::int8_t> digits(int bits) const;
};

// SumT is int32 for 8 bits and int64 for 16.
template <class SumT>
class FixedProduct {
 public:
  using Sum = SumT;
  static constexpr int kBits = sizeof(SumT) == 4 ? 8 : 16;

  explicit FixedProduct(const FixedWeights& weights,
                        ByteProduct::Route route = ByteProduct::Route::kBest);

  int weight_bits() const { return fraction_bits_; }
  const std::vector<std::int64_t>& offsets() const {
    return offsets_;
  }  // [O], to be added to every sum

  const std::vector<std::int64_t>& magnitudes() const {
    return magnitudes_;
  }  // [O], of a row's weights, summed

  // x [padded_rows(rows), C] of values with `x_bits` fraction bits -> y [padded_rows(rows), O]
  // without the offsets, `x_bits` + weight_bits() fraction bits. Rows beyond `rows` are scratch.
  // Safe to call from several threads at once.
  void operator()(const float* x, int x_bits, Index rows, SumT* y) const;

 private:
  Index inputs_, outputs_;
  int fraction_bits_;
  std::vector<std::int64_t> offsets_, magnitudes_;
  ByteProduct
      product_;  // 8 bits: [O, C]; 16 bits: [2 O, C] on two rows for each, high digits first
};

}  // namespace edgeval
