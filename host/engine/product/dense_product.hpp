// Y = X W^T in fp32 on the calling thread, by oneDNN's matmul with the weights packed once.
//
// Products are made in blocks of kRowBlock rows, all by the same kernel, so that the result of a
// row depends neither on how many rows a batch has nor on the place of the row among them
// (docs/techniques.md, "fp32").
#pragma once

#include "host/core/matrix.hpp"
#include "host/engine/product/onednn.hpp"

namespace edgeval {

// The number of rows that are computed at a time. With as many, oneDNN reaches its peak speed, and
// a lone last lane wastes the work of fewer than 16 rows.
inline constexpr Index kRowBlock = 16;
constexpr Index padded_rows(Index rows) { return (rows + kRowBlock - 1) / kRowBlock * kRowBlock; }

// Returns zeros, [padded_rows(rows), cols].
template <class T>
Matrix<T> padded_matrix(Index rows, Index cols) {
  return Matrix<T>(padded_rows(rows), cols);
}

class DenseProduct {
 public:
  using Sum = float;

  // `weight` is [O, C].
  explicit DenseProduct(MatrixView<const float> weight);

  // Reads x [padded_rows(rows), C] and writes y [padded_rows(rows), O], both contiguous. In both,
  // rows beyond `rows` are scratch. Several threads may call it at once.
  void operator()(const float* x, Index rows, float* y) const;

 private:
  Index inputs_, outputs_;
  onednn::PackedProduct product_;
};

}  // namespace edgeval
