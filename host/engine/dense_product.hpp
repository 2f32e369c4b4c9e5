// Y = X W^T in fp32 on the calling thread, through oneDNN's matmul with the weights packed once.
//
// Products are made in blocks of kRowBlock rows, each by the same kernel, so that a row's result does not depend on how
// many rows the batch has nor on its place among them (docs/techniques.md, "fp32").
#pragma once

#include <memory>

#include "host/core/matrix.hpp"

namespace edgeval {

class DenseProduct {
 public:
  // Rows computed at a time: oneDNN reaches its peak from here on, and a lone last lane wastes no more than this.
  static constexpr Index kRowBlock = 16;
  static constexpr Index padded(Index rows) { return (rows + kRowBlock - 1) / kRowBlock * kRowBlock; }

  // weight: [O, C].
  explicit DenseProduct(MatrixView<const float> weight);
  DenseProduct(DenseProduct&&) noexcept;
  ~DenseProduct();

  // x [padded(rows), C] -> y [padded(rows), O], both contiguous; rows beyond `rows` are scratch in both.
  // Safe to call from several threads at once.
  void operator()(const float* x, Index rows, float* y) const;

 private:
  struct Kernel;
  std::unique_ptr<const Kernel> kernel_;
};

}  // namespace edgeval
