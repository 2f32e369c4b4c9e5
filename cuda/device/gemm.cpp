#include "cuda/device/gemm.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <limits>

#include "host/core/error.hpp"

namespace edgeval::gpu {
namespace {

constexpr Index kMostBlocks = 32768;            // in one call; a grid has at most 65535
constexpr Index kMostRows = kMostBlocks * 128;  // product rows of integers in one call
constexpr Index kMostElements = std::numeric_limits<std::int32_t>::max();  // of a matrix
// Numbers of product rows of integers. An algorithm is chosen for each, and serves up to so many
// rows; the last one serves all greater numbers, too.
constexpr std::array<Index, 4> kSizes{128, 1024, 8192, 65536};

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

// Returns whether an algorithm cuts the inner dimension. One without this attribute cuts nothing.
bool splits(const cublasLtMatmulAlgo_t& algorithm) {
  std::int32_t value = 0;
  const cublasStatus_t known = cublasLtMatmulAlgoConfigGetAttribute(
      &algorithm, CUBLASLT_ALGO_CONFIG_SPLITK_NUM, &value, sizeof value, nullptr);
  return known == CUBLAS_STATUS_SUCCESS && value > 1;
}

}  // namespace

void check(cublasStatus_t status, const char* call, const char* file, int line) {
  if (status == CUBLAS_STATUS_SUCCESS) return;
  const std::string text =
      concat(file, ":", line, ": ", call, ": ", cublasLtGetStatusString(status));
  if (status == CUBLAS_STATUS_ALLOC_FAILED) throw OutOfMemory(text);
  throw CudaError(text);
}

CublasLt::CublasLt() {
  cublasLtHandle_t handle = nullptr;
  EDGEVAL_CUBLAS(cublasLtCreate(&handle));
  handle_.reset(handle);
}

Product::Product(const CublasLt& cublas, MatrixView<const float> weight, Index typical_rows,
                 const Stream& stream)
    : cublas_(&cublas), shape_{weight.cols, weight.rows, 32} {
  weight_.reserve_discarding(shape_.width() * shape_.operand_bytes(), stream);
  upload(weight,
         DeviceView<float>{weights().data.as<float>(), weight.rows, weight.cols,
                           shape_.operand_stride()},
         stream);
  EDGEVAL_CUBLAS(cublasLtMatmulDescInit(&product_, CUBLAS_COMPUTE_32F_PEDANTIC, CUDA_R_32F));
  set(product_, CUBLASLT_MATMUL_DESC_TRANSA, CUBLAS_OP_T);
  algorithms_ = {algorithm_for(layouts(kRowBlock, padded(typical_rows) / kRowBlock), {})};
}

Product::Product(const CublasLt& cublas, const FixedWeights& weight, int bits, const Stream& stream)
    : cublas_(&cublas), shape_{weight.codes.cols(), weight.codes.rows(), bits} {
  upload_integers(weight, stream);
  EDGEVAL_CUBLAS(cublasLtMatmulDescInit(&product_, CUBLAS_COMPUTE_32I, CUDA_R_32I));
  set(product_, CUBLASLT_MATMUL_DESC_TRANSA, CUBLAS_OP_T);
  choose_integer_algorithms();
}

void Product::upload_integers(const FixedWeights& weight, const Stream& stream) {
  ByteProduct::expect_exact_sums(shape_.inputs);
  const Matrix<std::int8_t> digits = weight.digits(shape_.bits);
  const Index bytes = shape_.width() * shape_.operand_stride();
  weight_.reserve_discarding(bytes, stream);
  weight_.zero(bytes, stream);  // the padding stays 0
  upload(digits.view(),
         DeviceView<std::int8_t>{weights().data.as<std::int8_t>(), digits.rows(), digits.cols(),
                                 shape_.operand_stride()},
         stream);
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

// Returns the layouts of `blocks` products of `rows` product rows each.
Product::Layouts Product::layouts(Index rows, Index blocks) const {
  const cudaDataType_t elements = shape_.floats() ? CUDA_R_32F : CUDA_R_8I;
  const cudaDataType_t sums = shape_.floats() ? CUDA_R_32F : CUDA_R_32I;
  const Index x_stride = shape_.operand_stride(), y_stride = shape_.sum_stride();
  return {.weight = layout(elements, shape_.terms(), shape_.width(), x_stride, blocks, 0),
          .x = layout(elements, shape_.terms(), rows, x_stride, blocks, rows * x_stride),
          .y = layout(sums, shape_.width(), rows, y_stride, blocks, rows * y_stride)};
}

// Returns the best algorithm for these shapes that takes the others, too.
Product::Algorithm Product::algorithm_for(Layouts shapes,
                                          const std::vector<Layouts>& others) const {
  cublasLtMatmulPreferenceOpaque_t preference;
  EDGEVAL_CUBLAS(cublasLtMatmulPreferenceInit(&preference));
  set(preference, CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES, std::uint64_t{0});
  set(preference, CUBLASLT_MATMUL_PREF_REDUCTION_SCHEME_MASK,
      static_cast<std::uint32_t>(CUBLASLT_REDUCTION_SCHEME_NONE));
  std::array<cublasLtMatmulHeuristicResult_t, 16> candidates{};
  int found = 0;
  EDGEVAL_CUBLAS(cublasLtMatmulAlgoGetHeuristic(
      cublas_->handle(), &product_, &shapes.weight, &shapes.x, &shapes.y, &shapes.y, &preference,
      static_cast<int>(candidates.size()), candidates.data(), &found));
  const auto takes = [&](const Algorithm& algorithm, Layouts other) {
    cublasLtMatmulHeuristicResult_t checked{};
    return cublasLtMatmulAlgoCheck(cublas_->handle(), &product_, &other.weight, &other.x, &other.y,
                                   &other.y, &algorithm, &checked) == CUBLAS_STATUS_SUCCESS &&
           checked.workspaceSize == 0;
  };
  const auto end = candidates.begin() + found;
  const auto chosen = std::find_if(candidates.begin(), end, [&](const auto& candidate) {
    return candidate.state == CUBLAS_STATUS_SUCCESS && !splits(candidate.algo) &&
           std::ranges::all_of(others,
                               [&](const Layouts& other) { return takes(candidate.algo, other); });
  });
  if (chosen == end)
    throw CudaError(concat("cuBLASLt has no unsplit product of ", shape_.bits,
                           " bits for weights [", shape_.outputs, ", ", shape_.inputs, "]"));
  return chosen->algo;
}

// Returns the greatest number of product rows of integers in one call.
Index Product::most_digit_rows() const {
  const Index widest = std::max(shape_.operand_stride(), shape_.sum_stride());
  return std::min(kMostRows, kMostElements / widest / kRowBlock * kRowBlock);
}

// Chooses for each of kSizes the best algorithm that also takes the fewest rows that it will meet;
// the last one also takes the most. All are chosen now, since a captured call must not be the first
// to ask.
void Product::choose_integer_algorithms() {
  Index fewest = kDigitRows;
  for (Index rows : kSizes) {
    std::vector<Layouts> others{layouts(fewest, 1)};
    if (rows == kSizes.back()) others.push_back(layouts(most_digit_rows(), 1));
    algorithms_.push_back(algorithm_for(layouts(rows, 1), others));
    fewest = rows + kDigitRows;
  }
}

void Product::operator()(OperandRows x, Index rows, SumRows y, cudaStream_t stream) const {
  EDGEVAL_ASSERT(x.stride == shape_.operand_stride() && y.stride == shape_.sum_stride());
  if (shape_.floats()) {
    constexpr Index kMost = kMostBlocks * kRowBlock;
    for (Index first = 0; first < rows; first += kMost) {
      const Index blocks = padded(std::min(kMost, rows - first)) / kRowBlock;
      multiply(shape_.from(x, first), shape_.from(y, first), layouts(kRowBlock, blocks),
               algorithms_.front(), stream);
    }
    return;
  }
  const Index digit_rows = padded_to(shape_.digits() * rows, kDigitRows);
  const Index most = most_digit_rows();
  for (Index first = 0; first < digit_rows; first += most) {
    const Index count = std::min(most, digit_rows - first);
    multiply(shape_.from(x, first), shape_.from(y, first), layouts(count, 1), of_digit_rows(count),
             stream);
  }
}

const Product::Algorithm& Product::of_digit_rows(Index count) const {
  const auto size = std::lower_bound(kSizes.begin(), kSizes.end() - 1, count) - kSizes.begin();
  return algorithms_[static_cast<std::size_t>(size)];
}

const Product::Algorithm& Product::algorithm(Index rows) const {
  if (shape_.floats()) return algorithms_.front();
  return of_digit_rows(std::min(kMostRows, padded_to(shape_.digits() * rows, kDigitRows)));
}

void Product::multiply(OperandRows x, SumRows y, Layouts shapes, const Algorithm& algorithm,
                       cudaStream_t stream) const {
  const float one = 1, zero = 0;
  const std::int32_t whole_one = 1, whole_zero = 0;
  const auto* alpha = shape_.floats() ? static_cast<const void*>(&one) : &whole_one;
  const auto* beta = shape_.floats() ? static_cast<const void*>(&zero) : &whole_zero;
  EDGEVAL_CUBLAS(cublasLtMatmul(cublas_->handle(), &product_, alpha, weight_.data(), &shapes.weight,
                                x.data.memory(), &shapes.x, beta, y.data.memory(), &shapes.y,
                                y.data.memory(), &shapes.y, &algorithm, nullptr, 0, stream));
}

}  // namespace edgeval::gpu
