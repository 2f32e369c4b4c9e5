// Y = X W^T on the device, in fp32 or exactly in integers (cuda/device/digits.hpp), through
// cuBLASLt with the weights uploaded once.
//
// In fp32 a product is made in blocks of kRowBlock rows, as one strided batch of products of a
// single shape, all by the one algorithm chosen when the weights came (no split of the inner
// dimension, no workspace, no TF32). So a row's result does not depend on how many rows the batch
// has nor on its place among them (docs/techniques.md, "fp32"). Sums of integers are exact and
// depend on nothing: theirs is one plain product over the rows, padded to kDigitRows, by an
// algorithm for so many rows, all of them chosen when the weights came.
#pragma once

#include <cublasLt.h>

#include <memory>
#include <optional>

#include "cuda/device/digits.hpp"
#include "cuda/device/memory.hpp"
#include "host/engine/product/layer_arithmetic.hpp"

namespace edgeval::gpu {

// Throws OutOfMemory or CudaError, with a message that names the call and its place, unless it
// succeeded.
void check(cublasStatus_t status, const char* call, const char* file, int line);

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

class Product {
 public:
  using Algorithm = cublasLtMatmulAlgo_t;
  static constexpr Index kRowBlock = 128;
  static constexpr Index kDigitRows =
      16;  // numbers of product rows of integers are multiples of it
  static constexpr Index padded(Index rows) { return padded_to(rows, kRowBlock); }

  // Uploads the weights for products in fp32, or exact ones in integers of 16 or 8 bits. weight:
  // [O, C] on the host. typical_rows: the number of rows of the calls to come, by which the
  // algorithm of fp32 is chosen. `cublas` must outlive the product.
  Product(const CublasLt& cublas, MatrixView<const float> weight, Index typical_rows,
          const Stream& stream);
  Product(const CublasLt& cublas, const FixedWeights& weight, int bits, const Stream& stream);

  // Multiplies the first `rows` rows of x into those of y. Both hold padded(rows) rows as shape()
  // describes them; rows beyond `rows` are scratch. The call may be captured into a graph.
  void operator()(OperandRows x, Index rows, SumRows y, cudaStream_t stream) const;

  const ProductShape& shape() const { return shape_; }
  // Returns the algorithm that makes the product of so many rows.
  const Algorithm& algorithm(Index rows) const;
  // Returns the uploaded weights, as ProductShape describes them.
  OperandRows weights() const { return {weight_.data(), shape_.operand_stride()}; }
  Index inputs() const { return shape_.inputs; }
  Index outputs() const { return shape_.outputs; }

  // These are for integers only, as in FixedProduct.
  int weight_bits() const { return weight_bits_; }
  const std::vector<std::int64_t>& offsets() const { return offsets_; }
  const std::vector<std::int64_t>& magnitudes() const { return magnitudes_; }

 private:
  // The layouts of W, X and Y, column-major as cuBLAS has it: Y^T [O, rows] = W [O, C] X^T [C,
  // rows].
  struct Layouts {
    cublasLtMatrixLayoutOpaque_t weight, x, y;
  };
  Layouts layouts(Index rows, Index blocks) const;
  void upload_integers(const FixedWeights& weight, const Stream& stream);
  Algorithm algorithm_for(Layouts shapes, const std::vector<Layouts>& others) const;
  void choose_integer_algorithms();
  Index most_digit_rows() const;
  const Algorithm& of_digit_rows(Index count) const;
  void multiply(OperandRows x, SumRows y, Layouts shapes, const Algorithm& algorithm,
                cudaStream_t stream) const;

  const CublasLt* cublas_;
  ProductShape shape_;
  DeviceBuffer<std::byte> weight_;  // [width, operand_stride]
  int weight_bits_ = 0;
  std::vector<std::int64_t> offsets_, magnitudes_;
  mutable cublasLtMatmulDescOpaque_t
      product_;                        // cuBLASLt only reads it, but through a plain pointer
  std::vector<Algorithm> algorithms_;  // one in fp32; in integers one for each of kSizes
};

}  // namespace edgeval::gpu

#define EDGEVAL_CUBLAS(call) ::edgeval::gpu::check((call), #call, __FILE__, __LINE__)
