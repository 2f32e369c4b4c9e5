#include "cuda/gemm.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>

#include "host/core/error.hpp"

namespace edgeval::gpu {
namespace {

constexpr Index kMostBlocks = 32768;  // of one call; grids end at 65535

template <class Value>
void set(cublasLtMatrixLayoutOpaque_t& layout, cublasLtMatrixLayoutAttribute_t attribute,
         Value value) {
  EDGEVAL_CUBLAS(cublasLtMatrixLayoutSetAttribute(&layout, attribute, &value, sizeof value));
}
template <class Value>
void set(cublasLtMatmulDescOpaque_t& product, cublasLtMatmulDescAttributes_t attribute,
         Value value) {
  EDGEVAL_CUBLAS(cublasLtMatmulDescSetAttribute(&product, attribute, &value, sizeof value));
}
template <class Value>
void set(cublasLtMatmulPreferenceOpaque_t& preference,
         cublasLtMatmulPreferenceAttributes_t attribute, Value value) {
  EDGEVAL_CUBLAS(
      cublasLtMatmulPreferenceSetAttribute(&preference, attribute, &value, sizeof value));
}

cublasLtMatrixLayoutOpaque_t layout(cudaDataType_t type, Index rows, Index cols, Index leading,
                                    Index blocks, Index block_stride) {
  cublasLtMatrixLayoutOpaque_t result;
  EDGEVAL_CUBLAS(cublasLtMatrixLayoutInit(&result, type, static_cast<std::uint64_t>(rows),
                                          static_cast<std::uint64_t>(cols), leading));
  set(result, CUBLASLT_MATRIX_LAYOUT_BATCH_COUNT, static_cast<std::int32_t>(blocks));
  set(result, CUBLASLT_MATRIX_LAYOUT_STRIDED_BATCH_OFFSET, static_cast<std::int64_t>(block_stride));
  return result;
}

// Parts that an algorithm cuts the inner dimension into; one that cannot cut has no such attribute.
std::int32_t splits(const cublasLtMatmulAlgo_t& algorithm) {
  std::int32_t value = 0;
  const cublasStatus_t status = cublasLtMatmulAlgoConfigGetAttribute(
      &algorithm, CUBLASLT_ALGO_CONFIG_SPLITK_NUM, &value, sizeof value, nullptr);
  return status == CUBLAS_STATUS_SUCCESS ? value : 1;
}

}  // namespace

CublasLt::CublasLt() {
  cublasLtHandle_t handle = nullptr;
  EDGEVAL_CUBLAS(cublasLtCreate(&handle));
  handle_.reset(handle);
}

Product::Product(const CublasLt& cublas, MatrixView<const float> weight, Index typical_rows,
                 cudaStream_t stream)
    : cublas_(&cublas), shape_{weight.cols, weight.rows, 32} {
  weight_.reserve(shape_.width() * shape_.operand_bytes(), stream);
  upload(weight,
         DeviceView<float>{reinterpret_cast<float*>(weight_.data()), weight.rows, weight.cols,
                           shape_.operand_stride()},
         stream);
  EDGEVAL_CUBLAS(cublasLtMatmulDescInit(&product_, CUBLAS_COMPUTE_32F_PEDANTIC, CUDA_R_32F));
  set(product_, CUBLASLT_MATMUL_DESC_TRANSA, CUBLAS_OP_T);
  choose_algorithm(typical_rows);
}

Product::Product(const CublasLt& cublas, const FixedWeights& weight, int bits, Index typical_rows,
                 cudaStream_t stream)
    : cublas_(&cublas), shape_{weight.codes.cols(), weight.codes.rows(), bits} {
  upload_integers(weight, stream);
  EDGEVAL_CUBLAS(cublasLtMatmulDescInit(&product_, CUBLAS_COMPUTE_32I, CUDA_R_32I));
  set(product_, CUBLASLT_MATMUL_DESC_TRANSA, CUBLAS_OP_T);
  choose_algorithm(typical_rows);
}

void Product::upload_integers(const FixedWeights& weight, cudaStream_t stream) {
  ByteProduct::expect_exact_sums(shape_.inputs);
  const Matrix<std::int8_t> digits = weight.digits(shape_.bits);
  weight_.reserve(shape_.width() * shape_.operand_stride(),
                  stream);  // zeros, which the padding stays
  upload(digits.view(),
         DeviceView<std::int8_t>{reinterpret_cast<std::int8_t*>(weight_.data()), digits.rows(),
                                 digits.cols(), shape_.operand_stride()},
         stream);
  EDGEVAL_CUDA(cudaStreamSynchronize(stream));  // for digits
  weight_bits_ = weight.fraction_bits;
  for (Index o = 0; o < shape_.outputs; ++o) {
    std::int64_t sum = 0, magnitude = 0;
    for (Index i = 0; i < shape_.inputs; ++i) {
      sum += weight.codes(o, i);
      magnitude += std::abs(weight.codes(o, i));
    }
    magnitudes_.push_back(magnitude);
    offsets_.push_back(shape_.bits == 16 ? kLowDigitOffset * sum : 0);
  }
}

Product::Layouts Product::layouts(Index blocks) const {
  const cudaDataType_t elements = shape_.floats() ? CUDA_R_32F : CUDA_R_8I;
  const cudaDataType_t sums = shape_.floats() ? CUDA_R_32F : CUDA_R_32I;
  const Index x_stride = shape_.operand_stride(), y_stride = shape_.sum_stride();
  return {.weight = layout(elements, shape_.terms(), shape_.width(), x_stride, blocks, 0),
          .x = layout(elements, shape_.terms(), kRowBlock, x_stride, blocks, kRowBlock * x_stride),
          .y = layout(sums, shape_.width(), kRowBlock, y_stride, blocks, kRowBlock * y_stride)};
}

void Product::choose_algorithm(Index typical_rows) {
  cublasLtMatmulPreferenceOpaque_t preference;
  EDGEVAL_CUBLAS(cublasLtMatmulPreferenceInit(&preference));
  set(preference, CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES, std::uint64_t{0});
  set(preference, CUBLASLT_MATMUL_PREF_REDUCTION_SCHEME_MASK,
      static_cast<std::uint32_t>(CUBLASLT_REDUCTION_SCHEME_NONE));
  Layouts shapes = layouts(shape_.digits() * padded(typical_rows) / kRowBlock);
  std::array<cublasLtMatmulHeuristicResult_t, 16> candidates{};
  int found = 0;
  EDGEVAL_CUBLAS(cublasLtMatmulAlgoGetHeuristic(
      cublas_->handle(), &product_, &shapes.weight, &shapes.x, &shapes.y, &shapes.y, &preference,
      static_cast<int>(candidates.size()), candidates.data(), &found));
  const auto end = candidates.begin() + found;
  const auto chosen = std::find_if(candidates.begin(), end, [](const auto& candidate) {
    return candidate.state == CUBLAS_STATUS_SUCCESS && splits(candidate.algo) <= 1;
  });
  if (chosen == end)
    throw CudaError(concat("cuBLASLt has no unsplit product of ", shape_.bits,
                           " bits for weights [", shape_.outputs, ", ", shape_.inputs, "]"));
  algorithm_ = chosen->algo;
}

void Product::operator()(OperandRows x, Index rows, SumRows y, cudaStream_t stream) const {
  EDGEVAL_ASSERT(x.stride == shape_.operand_stride() && y.stride == shape_.sum_stride());
  const float one = 1, zero = 0;
  const std::int32_t whole_one = 1, whole_zero = 0;
  const auto* alpha = shape_.floats() ? static_cast<const void*>(&one) : &whole_one;
  const auto* beta = shape_.floats() ? static_cast<const void*>(&zero) : &whole_zero;
  const Index x_bytes = kRowBlock * shape_.operand_bytes() / shape_.digits();  // of a block
  const Index y_bytes = kRowBlock * shape_.sum_bytes() / shape_.digits();
  const Index blocks = shape_.digits() * padded(rows) / kRowBlock;
  for (Index first = 0; first < blocks; first += kMostBlocks) {
    Layouts shapes = layouts(std::min(kMostBlocks, blocks - first));
    std::byte* target = y.data + first * y_bytes;
    EDGEVAL_CUBLAS(cublasLtMatmul(cublas_->handle(), &product_, alpha, weight_.data(),
                                  &shapes.weight, x.data + first * x_bytes, &shapes.x, beta, target,
                                  &shapes.y, target, &shapes.y, &algorithm_, nullptr, 0, stream));
  }
}

}  // namespace edgeval::gpu
