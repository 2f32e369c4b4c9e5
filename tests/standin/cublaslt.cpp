// Computes cuBLASLt's products D = A^T B with plain loops, under the rules that its documentation
// states for the two kinds in use: fp32 (CUBLAS_COMPUTE_32F_PEDANTIC), and signed bytes summed in
// 32 bits (CUBLAS_COMPUTE_32I, section "cublasLtMatmul()" on regular IMMA kernels).
//
// A real algorithm adds in an order that depends on the shape and on nothing else. So do these in
// fp32: a product with another number of rows is added in another order. Among the algorithms on
// offer are one that splits the inner dimension, one that does not say whether it does, and one
// that fails.
#include <cublasLt.h>

#include <algorithm>
#include <string>
#include <vector>

#include "tests/standin/control.hpp"
#include "tests/standin/machine.hpp"

struct cublasLtContext {
  int device;
};

namespace edgeval::standin {
namespace {

enum class Kind : std::uint64_t { kSilent, kSplit, kPlain, kOther, kFails };

struct Layout {
  cudaDataType_t type;
  std::uint64_t rows, cols;
  std::int64_t leading, stride;
  std::int32_t batches;
};
struct Product {
  cublasComputeType_t compute;
  cudaDataType_t scale;
  std::int32_t transposed_a, transposed_b;
};
struct Preference {
  std::uint64_t workspace;
  std::uint32_t reductions;
  std::uint32_t alignment[4];  // alignment of A, B, C and D in bytes
};
struct Algorithm {
  Kind kind;
  std::uint64_t m, k;  // sizes of A for which the algorithm was chosen
  std::uint32_t alignment[4];
};

// Returns the struct of this file that one of the library's opaque structs holds.
template <class T, class Opaque>
T& inside(Opaque* opaque) {
  static_assert(sizeof(T) <= sizeof(Opaque) && alignof(T) <= alignof(Opaque));
  return *reinterpret_cast<T*>(opaque);
}
template <class T, class Opaque>
const T& inside(const Opaque* opaque) {
  return *reinterpret_cast<const T*>(opaque);
}

cublasStatus_t refuse(const std::string& why, cublasStatus_t status = CUBLAS_STATUS_INVALID_VALUE) {
  Machine::get().fault = why;
  return status;
}

// Returns what is wrong with the layout of a matrix, given the size that it must have, or an empty
// text.
std::string problem_of(const Layout& layout, const char* name, std::uint64_t rows,
                       std::uint64_t cols, cudaDataType_t type) {
  const std::string matrix = std::string("matrix ") + name;
  if (layout.type != type) return matrix + " has a type that does not go with the others";
  if (layout.rows != rows || layout.cols != cols) return matrix + " has another size";
  if (layout.rows == 0 || layout.cols == 0) return matrix + " is empty";
  if (layout.leading < static_cast<std::int64_t>(layout.rows))
    return matrix + " has a leading dimension below its rows";
  if (type == CUDA_R_8I && layout.leading % 4 != 0)
    return matrix + " has a leading dimension that is no multiple of 4";
  if (layout.batches < 1) return matrix + " has no batches";
  return "";
}

// Returns what is wrong with a product D [m, n] = A [k, m]^T B [k, n] of column-major matrices, or
// an empty text.
std::string problem_of(const Product& product, const Layout& a, const Layout& b, const Layout& c,
                       const Layout& d) {
  const bool floats = product.compute == CUBLAS_COMPUTE_32F_PEDANTIC;
  if (!floats && product.compute != CUBLAS_COMPUTE_32I) return "no stand-in for this arithmetic";
  if (product.scale != (floats ? CUDA_R_32F : CUDA_R_32I)) return "alpha has the wrong type";
  if (product.transposed_a != CUBLAS_OP_T || product.transposed_b != CUBLAS_OP_N)
    return "bytes need the first matrix transposed and the second not";
  const std::uint64_t m = a.cols, n = b.cols, k = a.rows;
  const cudaDataType_t in = floats ? CUDA_R_32F : CUDA_R_8I, out = floats ? CUDA_R_32F : CUDA_R_32I;
  for (const std::string& problem : {problem_of(a, "A", k, m, in), problem_of(b, "B", k, n, in),
                                     problem_of(c, "C", m, n, out), problem_of(d, "D", m, n, out)})
    if (!problem.empty()) return problem;
  if (!floats && (m % 4 != 0 || k % 4 != 0)) return "bytes need m and k to be multiples of 4";
  if (b.batches != a.batches || d.batches != a.batches || c.batches != a.batches)
    return "matrices have different numbers of batches";
  if (d.batches > 1 && d.stride < d.leading * static_cast<std::int64_t>(d.cols))
    return "results of a batch lie in each other's way";
  return "";
}

// Returns the number of parts of which sums in fp32 are made. It depends on the shape.
std::uint64_t parts_of(const Algorithm& algorithm, std::uint64_t m, std::uint64_t n,
                       std::uint64_t k) {
  if (algorithm.kind == Kind::kSplit) return 4;
  const std::uint64_t of_shape = (m * 31 + n * 17 + k * 7) % 3 + 1;
  return algorithm.kind == Kind::kPlain ? of_shape : of_shape % 3 + 1;
}

// Computes one column of D: sums over `parts` of the inner dimension, each from front to back, and
// then their sum.
void multiply_floats(const float* transposed_a, std::uint64_t m, std::uint64_t k, const float* b,
                     std::uint64_t parts, std::vector<float>& part, float* d) {
  std::fill(d, d + m, 0.0F);
  for (std::uint64_t p = 0; p < parts; ++p) {
    part.assign(m, 0.0F);
    for (std::uint64_t i = k * p / parts; i < k * (p + 1) / parts; ++i) {
      const float x = b[i];
      const float* const row = transposed_a + i * m;
      for (std::uint64_t o = 0; o < m; ++o) part[o] += x * row[o];
    }
    for (std::uint64_t o = 0; o < m; ++o) d[o] += part[o];
  }
}

std::int32_t dot(const std::int8_t* a, const std::int8_t* b, std::uint64_t k) {
  std::int32_t sum = 0;
  for (std::uint64_t i = 0; i < k; ++i) sum += std::int32_t{a[i]} * b[i];
  return sum;
}

struct Multiplication {
  Layout a, b, d;
  const std::byte *from_a, *from_b;
  std::byte* to;
  Algorithm algorithm;
  bool floats;

  void operator()() const {
    for (std::int64_t batch = 0; batch < d.batches; ++batch)
      floats ? of_floats(batch) : of_bytes(batch);
  }
  void of_floats(std::int64_t batch) const {
    const std::uint64_t m = a.cols, n = b.cols, k = a.rows;
    const auto* weights = reinterpret_cast<const float*>(from_a) + batch * a.stride;
    std::vector<float> transposed(m * k), part;
    for (std::uint64_t o = 0; o < m; ++o)
      for (std::uint64_t i = 0; i < k; ++i)
        transposed[i * m + o] = weights[o * static_cast<std::uint64_t>(a.leading) + i];
    const std::uint64_t parts = parts_of(algorithm, m, n, k);
    for (std::uint64_t r = 0; r < n; ++r)
      multiply_floats(transposed.data(), m, k, column<float>(from_b, b, batch, r), parts, part,
                      column<float>(to, d, batch, r));
  }
  void of_bytes(std::int64_t batch) const {
    for (std::uint64_t r = 0; r < b.cols; ++r) {
      const auto* x = column<std::int8_t>(from_b, b, batch, r);
      auto* y = column<std::int32_t>(to, d, batch, r);
      for (std::uint64_t o = 0; o < a.cols; ++o)
        y[o] = dot(column<std::int8_t>(from_a, a, batch, o), x, a.rows);
    }
  }
  template <class T>
  static const T* column(const std::byte* data, const Layout& layout, std::int64_t batch,
                         std::uint64_t at) {
    return reinterpret_cast<const T*>(data) + batch * layout.stride +
           static_cast<std::int64_t>(at) * layout.leading;
  }
  template <class T>
  static T* column(std::byte* data, const Layout& layout, std::int64_t batch, std::uint64_t at) {
    return const_cast<T*>(column<T>(const_cast<const std::byte*>(data), layout, batch, at));
  }
};

std::size_t bytes_of(const Layout& layout) {
  const auto last = static_cast<std::size_t>((layout.batches - 1) * layout.stride) +
                    (layout.cols - 1) * static_cast<std::size_t>(layout.leading) + layout.rows;
  return last * (layout.type == CUDA_R_8I ? 1 : 4);
}

// Returns why the algorithm does not compute this product, or an empty text if it does.
std::string problem_of(const Algorithm& algorithm, const Product& product, const Layout& a,
                       const Layout& b) {
  if (algorithm.m != a.cols || algorithm.k != a.rows)
    return "the algorithm was chosen for other weights";
  if (algorithm.kind == Kind::kFails) return "the algorithm was said to fail";
  if (algorithm.kind == Kind::kOther && product.compute == CUBLAS_COMPUTE_32I && b.cols < 64)
    return "the algorithm takes no fewer than 64 columns";
  return "";
}

// Whether alpha or beta has this value.
bool is(const void* scalar, bool floats, int value) {
  return floats ? *static_cast<const float*>(scalar) == static_cast<float>(value)
                : *static_cast<const std::int32_t*>(scalar) == value;
}

}  // namespace
}  // namespace edgeval::standin

using namespace edgeval::standin;

cublasStatus_t cublasLtCreate(cublasLtHandle_t* handle) {
  const Machine::Call call(false);
  if (!call.ok()) return CUBLAS_STATUS_NOT_INITIALIZED;
  if (!Machine::get().take_allocation()) return CUBLAS_STATUS_ALLOC_FAILED;
  *handle = new cublasLtContext{current_device()};
  ++Machine::get().library_handles;
  return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasLtDestroy(cublasLtHandle_t handle) {
  const Machine::Call call;
  Machine::get().library_calls.erase(handle);
  delete handle;
  --Machine::get().library_handles;
  return CUBLAS_STATUS_SUCCESS;
}

const char* cublasLtGetStatusString(cublasStatus_t status) {
  return status == CUBLAS_STATUS_SUCCESS ? "CUBLAS_STATUS_SUCCESS" : last_fault();
}

std::size_t cublasLtGetVersion() { return 130000; }

cublasStatus_t cublasLtMatrixLayoutInit(cublasLtMatrixLayout_t layout, cudaDataType_t type,
                                        std::uint64_t rows, std::uint64_t cols,
                                        std::int64_t leading) {
  inside<Layout>(layout) = {type, rows, cols, leading, 0, 1};
  return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasLtMatrixLayoutSetAttribute(cublasLtMatrixLayout_t layout,
                                                cublasLtMatrixLayoutAttribute_t attribute,
                                                const void* value, std::size_t bytes) {
  Layout& to = inside<Layout>(layout);
  if (attribute == CUBLASLT_MATRIX_LAYOUT_BATCH_COUNT && bytes == sizeof to.batches)
    std::memcpy(&to.batches, value, bytes);
  else if (attribute == CUBLASLT_MATRIX_LAYOUT_STRIDED_BATCH_OFFSET && bytes == sizeof to.stride)
    std::memcpy(&to.stride, value, bytes);
  else
    return refuse("an attribute of a layout without a stand-in, or of another size");
  return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasLtMatmulDescInit(cublasLtMatmulDesc_t product, cublasComputeType_t compute,
                                      cudaDataType_t scale) {
  inside<Product>(product) = {compute, scale, CUBLAS_OP_N, CUBLAS_OP_N};
  return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasLtMatmulDescSetAttribute(cublasLtMatmulDesc_t product,
                                              cublasLtMatmulDescAttributes_t attribute,
                                              const void* value, std::size_t bytes) {
  Product& to = inside<Product>(product);
  if (bytes != sizeof to.transposed_a) return refuse("an attribute of another size");
  std::memcpy(attribute == CUBLASLT_MATMUL_DESC_TRANSA ? &to.transposed_a : &to.transposed_b, value,
              bytes);
  return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasLtMatmulPreferenceInit(cublasLtMatmulPreference_t preference) {
  inside<Preference>(preference) = {0, 7, {256, 256, 256, 256}};
  return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasLtMatmulPreferenceSetAttribute(cublasLtMatmulPreference_t preference,
                                                    cublasLtMatmulPreferenceAttributes_t attribute,
                                                    const void* value, std::size_t bytes) {
  Preference& to = inside<Preference>(preference);
  const int matrix = attribute - CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES;
  if (attribute == CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES && bytes == sizeof to.workspace)
    std::memcpy(&to.workspace, value, bytes);
  else if (attribute == CUBLASLT_MATMUL_PREF_REDUCTION_SCHEME_MASK && bytes == sizeof to.reductions)
    std::memcpy(&to.reductions, value, bytes);
  else if (matrix >= 0 && bytes == sizeof to.alignment[0])
    std::memcpy(&to.alignment[matrix], value, bytes);
  else
    return refuse("a preference without a stand-in, or of another size");
  return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasLtMatmulAlgoGetHeuristic(cublasLtHandle_t, cublasLtMatmulDesc_t product,
                                              cublasLtMatrixLayout_t a, cublasLtMatrixLayout_t b,
                                              cublasLtMatrixLayout_t c, cublasLtMatrixLayout_t d,
                                              cublasLtMatmulPreference_t preference, int most,
                                              cublasLtMatmulHeuristicResult_t results[],
                                              int* found) {
  const Machine::Call call;
  *found = 0;
  if (!call.ok()) return CUBLAS_STATUS_INTERNAL_ERROR;
  const Layout& weights = inside<Layout>(a);
  const std::string problem = problem_of(inside<Product>(product), weights, inside<Layout>(b),
                                         inside<Layout>(c), inside<Layout>(d));
  if (!problem.empty()) return refuse(problem, CUBLAS_STATUS_NOT_SUPPORTED);
  std::vector<Kind> kinds{Kind::kFails, Kind::kSplit, Kind::kSilent, Kind::kPlain, Kind::kOther};
  // The order of the algorithms depends on the weights' shape and stays while the program runs.
  Order(Machine::get().first_seed + weights.cols * 31 + weights.rows).shuffle(kinds);
  for (Kind kind : kinds) {
    if (*found == most) break;
    cublasLtMatmulHeuristicResult_t& result = results[(*found)++];
    result = {};
    Algorithm& algorithm = inside<Algorithm>(&result.algo);
    algorithm = {kind, weights.cols, weights.rows, {}};
    std::ranges::copy(inside<Preference>(preference).alignment, algorithm.alignment);
    result.state = kind == Kind::kFails ? CUBLAS_STATUS_NOT_SUPPORTED : CUBLAS_STATUS_SUCCESS;
  }
  return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasLtMatmulAlgoConfigGetAttribute(const cublasLtMatmulAlgo_t* algorithm,
                                                    cublasLtMatmulAlgoConfigAttributes_t attribute,
                                                    void* value, std::size_t bytes,
                                                    std::size_t* written) {
  const Kind kind = inside<Algorithm>(algorithm).kind;
  std::int32_t answer = 0;
  if (attribute == CUBLASLT_ALGO_CONFIG_SPLITK_NUM) {
    if (kind == Kind::kSilent) return refuse("the algorithm does not have this attribute");
    answer = kind == Kind::kSplit ? 4 : 1;
  } else if (attribute == CUBLASLT_ALGO_CONFIG_ID) {
    answer = static_cast<std::int32_t>(kind);
  }
  if (bytes < sizeof answer) return refuse("no room for the attribute");
  std::memset(value, 0, bytes);
  std::memcpy(value, &answer, sizeof answer);
  if (written != nullptr) *written = sizeof answer;
  return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasLtMatmulAlgoCheck(cublasLtHandle_t, cublasLtMatmulDesc_t product,
                                       cublasLtMatrixLayout_t a, cublasLtMatrixLayout_t b,
                                       cublasLtMatrixLayout_t c, cublasLtMatrixLayout_t d,
                                       const cublasLtMatmulAlgo_t* algorithm,
                                       cublasLtMatmulHeuristicResult_t* result) {
  const Machine::Call call;
  if (!call.ok()) return CUBLAS_STATUS_INTERNAL_ERROR;
  const Layout &la = inside<Layout>(a), &lb = inside<Layout>(b);
  std::string problem =
      problem_of(inside<Product>(product), la, lb, inside<Layout>(c), inside<Layout>(d));
  if (problem.empty())
    problem = problem_of(inside<Algorithm>(algorithm), inside<Product>(product), la, lb);
  if (!problem.empty()) return refuse(problem, CUBLAS_STATUS_NOT_SUPPORTED);
  *result = {};
  result->algo = *algorithm;
  result->state = CUBLAS_STATUS_SUCCESS;
  return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasLtMatmul(cublasLtHandle_t handle, cublasLtMatmulDesc_t product,
                              const void* alpha, const void* a, cublasLtMatrixLayout_t a_layout,
                              const void* b, cublasLtMatrixLayout_t b_layout, const void* beta,
                              const void* c, cublasLtMatrixLayout_t c_layout, void* d,
                              cublasLtMatrixLayout_t d_layout,
                              const cublasLtMatmulAlgo_t* algorithm, void*, std::size_t,
                              cudaStream_t stream) {
  const Machine::Call call;
  Machine& machine = Machine::get();
  if (!call.ok()) return CUBLAS_STATUS_INTERNAL_ERROR;
  const Layout &la = inside<Layout>(a_layout), &lb = inside<Layout>(b_layout),
               &ld = inside<Layout>(d_layout);
  const Algorithm& chosen = inside<Algorithm>(algorithm);
  const std::string problem =
      problem_of(inside<Product>(product), la, lb, inside<Layout>(c_layout), ld);
  if (!problem.empty()) return refuse(problem);
  if (const std::string unfit = problem_of(chosen, inside<Product>(product), la, lb);
      !unfit.empty())
    return refuse(unfit);
  const bool floats = inside<Product>(product).compute == CUBLAS_COMPUTE_32F_PEDANTIC;
  if (!is(alpha, floats, 1) || !is(beta, floats, 0) || c != d)
    return refuse("the stand-in makes plain products");
  if (!machine.known(stream) || handle->device != stream->device)
    return refuse("no such stream, or one of another device");
  const auto holds = [&](const void* data, const Layout& layout, int matrix) {
    return machine.holds(stream->device, data, bytes_of(layout)) &&
           reinterpret_cast<std::uintptr_t>(data) % chosen.alignment[matrix] == 0;
  };
  if (!holds(a, la, 0) || !holds(b, lb, 1) || !holds(d, ld, 3))
    return refuse("a matrix does not lie in the device's memory, or not as aligned as promised");
  if (stream->capture && !machine.library_calls.contains(handle)) {
    machine.invalidate_captures();
    return refuse("the library's first call comes while a stream records a graph");
  }
  machine.library_calls.insert(handle);
  const Multiplication work{la,
                            lb,
                            ld,
                            static_cast<const std::byte*>(a),
                            static_cast<const std::byte*>(b),
                            static_cast<std::byte*>(d),
                            chosen,
                            floats};
  return machine.enqueue(stream, {.work = work}, -1) == cudaSuccess
             ? CUBLAS_STATUS_SUCCESS
             : CUBLAS_STATUS_EXECUTION_FAILED;
}
