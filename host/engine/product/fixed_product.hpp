// Y = X W^T in integers of 8 or 16 bits, summed exactly, from rows that carry fixed-point values as
// floats.
//
// An 8-bit x enters as the byte x + 128. A 16-bit x is cut into two bytes, x + 32768 = 256 a + b,
// and a 16-bit w into two signed digits, w = 256 u + v. So there are four byte products: x w =
// 65536 a u + 256 (a v + b u) + b v - 32768 w. What 128 or 32768 adds to a sum depends on the
// weights alone; offsets() has what undoes this addition, to be added with the bias.
#pragma once

#include "host/engine/product/byte_product.hpp"
#include "host/engine/product/dense_product.hpp"
#include "host/numeric/fixed_point.hpp"

namespace edgeval {

// A weight matrix in fixed point: integers and their format.
struct FixedWeights {
  Matrix<std::int32_t> codes;  // [O, C]
  int fraction_bits = 0;

  // Rounds the weights to the format that format() returns. Throws Error as format() does.
  static FixedWeights of(MatrixView<const float> weight, int bits);
  // Returns the fraction bits of the finest format that holds the largest weight; the whole matrix
  // has one format. 16-bit codes stay within +-32639, so that both digits are bytes. Throws Error
  // when a weight is too large for any format.
  static int format(MatrixView<const float> weight, int bits);

  // Returns the rows [first, first + count), in the format of the whole matrix.
  FixedWeights rows(Index first, Index count) const;

  // Returns the codes as signed bytes. For 8 bits these are [O, C]; for 16 bits [2 O, C], first the
  // upper digits u of all rows, then the lower digits v.
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

  // Returns the fraction bits of the weights.
  int weight_bits() const { return fraction_bits_; }

  // Returns a number for each output, [O], that is to be added to every sum.
  const std::vector<std::int64_t>& offsets() const { return offsets_; }

  // Returns the sum of the magnitudes of each row's weights, [O].
  const std::vector<std::int64_t>& magnitudes() const { return magnitudes_; }

  // Reads x [padded_rows(rows), C], whose values have `x_bits` fraction bits, and writes y
  // [padded_rows(rows), O] without the offsets, with `x_bits` + weight_bits() fraction bits. Rows
  // beyond `rows` are scratch. Several threads may call it at once.
  void operator()(const float* x, int x_bits, Index rows, SumT* y) const;

 private:
  Index inputs_, outputs_;
  int fraction_bits_;
  std::vector<std::int64_t> offsets_, magnitudes_;
  // For 8 bits [O, C]. For 16 bits [2 O, C], the upper digits first; each row of x makes two rows.
  ByteProduct product_;
};

template <>
void FixedProduct<std::int32_t>::operator()(const float* x, int x_bits, Index rows,
                                            std::int32_t* y) const;
template <>
void FixedProduct<std::int64_t>::operator()(const float* x, int x_bits, Index rows,
                                            std::int64_t* y) const;

}  // namespace edgeval
