// Y = X W^T in fp32 on the calling thread, through oneDNN's matmul with the weights packed once.
//
// Products are made in blocks of kRowBlock rows, each by the same kernel, so that a row's result
// does not depend on how many rows the batch has nor on its place among them (docs/techniques.md,
// "fp32").
#pragma once

#include "host/core/matrix.hpp"
#include "host/engine/product/onednn.hpp"

namespace edgeval {

// Rows computed at a time: oneDNN reaches its peak from here on, and a lone last lane wastes no
// more than this.
inline constexpr Index kRowBlock = 16;
constexpr Index padded_rows(Index rows) { return (rows + kRowBlock - 1) / kRowBlock * kRowBlock; }

// Zeros, [padded_rows(rows), cols].
template <class T>
Matrix<T> padded_matrix(Index rows, Index cols) {
  return Matrix<T>(padded_rows(rows), cols);
}

class DenseProduct {
 public:
  using Sum = float;

  // weight: [O, C].
  explicit DenseProduct(MatrixView<const float> weight);

  // x [padded_rows(rows), C] -> y [padded_rows(rows), O], both contiguous; rows beyond `rows` are
  // scratch in both. Safe to call from several threads at once.
  void operator()(const float* x, Index rows, float* y) const;

 private:
  Index inputs_, outputs_;
  onednn::PackedProduct product_;
};

}  // namespace edgeval
