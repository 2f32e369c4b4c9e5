#include "cuda/gemm.hpp"

#include <algorithm>
#include <array>

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

cublasLtMatrixLayoutOpaque_t layout(Index rows, Index cols, Index leading, Index blocks,
                                    Index block_stride) {
  cublasLtMatrixLayoutOpaque_t result;
  EDGEVAL_CUBLAS(cublasLtMatrixLayoutInit(&result, CUDA_R_32F, static_cast<std::uint64_t>(rows),
                                          static_cast<std::uint64_t>(cols), leading));
  set(result, CUBLASLT_MATRIX_LAYOUT_BATCH_COUNT, static_cast<std::int32_t>(blocks));
  set(result, CUBLASLT_MATRIX_LAYOUT_STRIDED_BATCH_OFFSET, static_cast<std::int64_t>(block_stride));
  return result;
}

std::int32_t splits(const cublasLtMatmulAlgo_t& algorithm) {
  std::int32_t value = 0;
  EDGEVAL_CUBLAS(cublasLtMatmulAlgoConfigGetAttribute(&algorithm, CUBLASLT_ALGO_CONFIG_SPLITK_NUM,
                                                      &value, sizeof value, nullptr));
  return value;
}

}  // namespace

CublasLt::CublasLt() {
  cublasLtHandle_t handle = nullptr;
  EDGEVAL_CUBLAS(cublasLtCreate(&handle));
  handle_.reset(handle);
}

DenseProduct::DenseProduct(const CublasLt& cublas, MatrixView<const float> weight,
                           Index typical_rows, cudaStream_t stream)
    : cublas_(&cublas), inputs_(weight.cols), outputs_(weight.rows) {
  weight_.resize(outputs_, inputs_, stream);
  upload(weight, weight_.view(), stream);
  EDGEVAL_CUBLAS(cublasLtMatmulDescInit(&product_, CUBLAS_COMPUTE_32F_PEDANTIC, CUDA_R_32F));
  set(product_, CUBLASLT_MATMUL_DESC_TRANSA, CUBLAS_OP_T);
  choose_algorithm(cublas, typical_rows);
}

DenseProduct::Layouts DenseProduct::layouts(Index blocks) const {
  const Index x_stride = DeviceMatrix<float>::padded_cols(inputs_);
  const Index y_stride = DeviceMatrix<float>::padded_cols(outputs_);
  return {.weight = layout(inputs_, outputs_, x_stride, blocks, 0),
          .x = layout(inputs_, kRowBlock, x_stride, blocks, kRowBlock * x_stride),
          .y = layout(outputs_, kRowBlock, y_stride, blocks, kRowBlock * y_stride)};
}

void DenseProduct::choose_algorithm(const CublasLt& cublas, Index typical_rows) {
  cublasLtMatmulPreferenceOpaque_t preference;
  EDGEVAL_CUBLAS(cublasLtMatmulPreferenceInit(&preference));
  set(preference, CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES, std::uint64_t{0});
  set(preference, CUBLASLT_MATMUL_PREF_REDUCTION_SCHEME_MASK,
      static_cast<std::uint32_t>(CUBLASLT_REDUCTION_SCHEME_NONE));
  Layouts shapes = layouts(padded(typical_rows) / kRowBlock);
  std::array<cublasLtMatmulHeuristicResult_t, 16> candidates{};
  int found = 0;
  EDGEVAL_CUBLAS(cublasLtMatmulAlgoGetHeuristic(
      cublas.handle(), &product_, &shapes.weight, &shapes.x, &shapes.y, &shapes.y, &preference,
      static_cast<int>(candidates.size()), candidates.data(), &found));
  const auto end = candidates.begin() + found;
  const auto chosen = std::find_if(candidates.begin(), end, [](const auto& candidate) {
    return candidate.state == CUBLAS_STATUS_SUCCESS && splits(candidate.algo) <= 1;
  });
  if (chosen == end)
    throw CudaError(
        concat("cuBLASLt has no unsplit fp32 product for weights [", outputs_, ", ", inputs_, "]"));
  algorithm_ = chosen->algo;
}

void DenseProduct::operator()(DeviceView<const float> x, Index rows, DeviceView<float> y,
                              cudaStream_t stream) const {
  EDGEVAL_ASSERT(x.cols == inputs_ && y.cols == outputs_);
  EDGEVAL_ASSERT(x.stride == DeviceMatrix<float>::padded_cols(inputs_) &&
                 y.stride == DeviceMatrix<float>::padded_cols(outputs_));
  EDGEVAL_ASSERT(rows == 0 || (x.rows >= padded(rows) && y.rows >= padded(rows)));
  const float one = 1, zero = 0;
  const Index blocks = padded(rows) / kRowBlock;
  for (Index first = 0; first < blocks; first += kMostBlocks) {
    Layouts shapes = layouts(std::min(kMostBlocks, blocks - first));
    float* target = y.row(first * kRowBlock);
    EDGEVAL_CUBLAS(cublasLtMatmul(cublas_->handle(), &product_, &one, weight_.view().data,
                                  &shapes.weight, x.row(first * kRowBlock), &shapes.x, &zero,
                                  target, &shapes.y, target, &shapes.y, &algorithm_, nullptr, 0,
                                  stream));
  }
}

}  // namespace edgeval::gpu
