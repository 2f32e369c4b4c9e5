// Y = X W^T in fp32 on the device, through cuBLASLt with the weights uploaded once.
//
// Products are made in blocks of kRowBlock rows, as one strided batch of products of a single
// shape, all by the one algorithm chosen when the weights came (no split of the inner dimension, no
// TF32). So a row's result does not depend on how many rows the batch has nor on its place among
// them (docs/techniques.md, "fp32").
#pragma once

#include <cublasLt.h>

#include <memory>

#include "cuda/memory.hpp"

namespace edgeval::gpu {

class CublasLt {
 public:
  CublasLt();
  cublasLtHandle_t handle() const { return handle_.get(); }

 private:
  struct Destroy {
    void operator()(cublasLtHandle_t handle) const {
      EDGEVAL_CUDA_NOTHROW(cublasLtDestroy(handle));
    }
  };
  std::unique_ptr<cublasLtContext, Destroy> handle_;
};

class DenseProduct {
 public:
  static constexpr Index kRowBlock = 128;
  static constexpr Index padded(Index rows) {
    return (rows + kRowBlock - 1) / kRowBlock * kRowBlock;
  }

  // weight: [O, C] on the host. typical_rows: of the calls to come, by which the algorithm is
  // chosen. `cublas` must outlive the product.
  DenseProduct(const CublasLt& cublas, MatrixView<const float> weight, Index typical_rows,
               cudaStream_t stream);

  // The first `rows` rows of x [>= padded(rows), C] -> those of y [>= padded(rows), O]; rows beyond
  // are scratch in both. Views of a DeviceMatrix or of its leading rows. May be captured into a
  // graph.
  void operator()(DeviceView<const float> x, Index rows, DeviceView<float> y,
                  cudaStream_t stream) const;

  Index inputs() const { return inputs_; }
  Index outputs() const { return outputs_; }

 private:
  // The layouts of W, X and Y, column-major as cuBLAS has it: Y^T [O, rows] = W [O, C] X^T [C,
  // rows].
  struct Layouts {
    cublasLtMatrixLayoutOpaque_t weight, x, y;
  };
  Layouts layouts(Index blocks) const;
  void choose_algorithm(const CublasLt& cublas, Index typical_rows);

  const CublasLt* cublas_;
  Index inputs_, outputs_;
  DeviceMatrix<float> weight_;
  mutable cublasLtMatmulDescOpaque_t
      product_;  // cuBLASLt only reads it, but through a plain pointer
  cublasLtMatmulAlgo_t algorithm_;
};

}  // namespace edgeval::gpu
