// Times products of the models' sizes on the device: ours (cuda/device/gemm.hpp) with the algorithm
// that it chose, and beside it the ceiling, one plain cuBLASLt product by the fastest algorithm
// that its heuristics offer with a workspace. Rows of a result are compared with a loop before the
// time is printed, as "name <tab> microseconds <tab> rate and algorithm".
//
//   gpu_products            exits with 3 when there is no device
#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <string>
#include <vector>

#include "cuda/device/gemm.hpp"
#include "cuda/device/stream.hpp"
#include "cuda/engine.hpp"
#include "host/core/error.hpp"
#include "tests/support/random_case.hpp"

namespace edgeval::bench {
namespace {

using gpu::DeviceBuffer;
using gpu::Product;
using gpu::ProductShape;

constexpr int kRepeats = 5, kCalls = 10;  // a time is the median over kRepeats of kCalls calls
constexpr std::size_t kWorkspace = std::size_t{32} << 20;

struct Weights {
  const char* of;
  Index outputs, inputs;
};
// Weights of bidirectional layers of 320 cells on 120 inputs, and of the translation model that
// ships.
constexpr Weights kWeights[] = {{"recurrent", 1280, 320},
                                {"first", 1280, 120},
                                {"next", 1280, 640},
                                {"decoder", 1536, 384},
                                {"generator", 4198, 224}};
constexpr Index kRows[] = {64, 1024, 16384};

template <class T>
T attribute(const cublasLtMatmulAlgo_t& algorithm, cublasLtMatmulAlgoConfigAttributes_t which) {
  T value{};  // stays 0 where an algorithm lacks the attribute
  static_cast<void>(
      cublasLtMatmulAlgoConfigGetAttribute(&algorithm, which, &value, sizeof value, nullptr));
  return value;
}

std::string describe(const cublasLtMatmulAlgo_t& algorithm) {
  const auto number = [&](cublasLtMatmulAlgoConfigAttributes_t which) {
    return attribute<std::int32_t>(algorithm, which);
  };
  return concat(
      "algorithm ", number(CUBLASLT_ALGO_CONFIG_ID), " tile ", number(CUBLASLT_ALGO_CONFIG_TILE_ID),
      " stages ", number(CUBLASLT_ALGO_CONFIG_STAGES_ID), " splits ",
      number(CUBLASLT_ALGO_CONFIG_SPLITK_NUM), " reduction ",
      number(CUBLASLT_ALGO_CONFIG_REDUCTION_SCHEME), " swizzle ",
      number(CUBLASLT_ALGO_CONFIG_CTA_SWIZZLING), " custom ",
      number(CUBLASLT_ALGO_CONFIG_CUSTOM_OPTION), " inner ",
      attribute<std::uint16_t>(algorithm, CUBLASLT_ALGO_CONFIG_INNER_SHAPE_ID), " cluster ",
      attribute<std::uint16_t>(algorithm, CUBLASLT_ALGO_CONFIG_CLUSTER_SHAPE_ID));
}

struct DestroyEvent {
  void operator()(cudaEvent_t event) const { EDGEVAL_CUDA_NOTHROW(cudaEventDestroy(event)); }
};
using TimedEvent = std::unique_ptr<CUevent_st, DestroyEvent>;

TimedEvent timed_event() {
  cudaEvent_t event = nullptr;
  EDGEVAL_CUDA(cudaEventCreate(&event));
  return TimedEvent(event);
}

template <class Work>
double microseconds(const Work& work, const gpu::Stream& stream) {
  const TimedEvent begin = timed_event(), end = timed_event();
  std::vector<float> times;
  for (int repeat = -1; repeat < kRepeats; ++repeat) {
    EDGEVAL_CUDA(cudaEventRecord(begin.get(), stream));
    for (int call = 0; call < kCalls; ++call) work();
    EDGEVAL_CUDA(cudaEventRecord(end.get(), stream));
    stream.synchronize();
    float milliseconds = 0;
    EDGEVAL_CUDA(cudaEventElapsedTime(&milliseconds, begin.get(), end.get()));
    if (repeat >= 0) times.push_back(milliseconds);
  }
  std::nth_element(times.begin(), times.begin() + kRepeats / 2, times.end());
  return 1e3 * times[kRepeats / 2] / kCalls;
}

// X and W as the device's product sees them. Elements have one number format, and sums another.
template <class Element, class Sum>
struct Case {
  ProductShape shape;
  Index rows;            // number of rows of the product: lanes times digits
  Matrix<Element> x, w;  // x [rows, operand_stride], w [width, operand_stride]
  DeviceBuffer<Element> x_there, w_there;
  DeviceBuffer<Sum> y_there;

  Case(const ProductShape& of, Index lanes, const Matrix<Element>& weight,
       const gpu::Stream& stream)
      : shape(of),
        rows(of.digits() * lanes),
        x(of.digits() * Product::padded(lanes), of.operand_stride()),
        w(of.width(), of.operand_stride()) {
    test::Random random(7);
    for (Element& value : x.values())
      value = static_cast<Element>(shape.floats() ? random.uniform(-1, 1)
                                                  : static_cast<double>(random.whole(-128, 127)));
    for (Index o = 0; o < weight.rows(); ++o) std::copy_n(weight.row(o), weight.cols(), w.row(o));
    x_there.upload(x.data(), x.size(), stream);
    w_there.upload(w.data(), w.size(), stream);
    y_there.reserve_discarding(x.rows() * shape.sum_stride(), stream);
    stream.synchronize();
  }

  void forget(const gpu::Stream& stream) {
    EDGEVAL_CUDA(cudaMemsetAsync(
        y_there.data(), 0x7F, static_cast<std::size_t>(x.rows() * shape.sum_stride()) * sizeof(Sum),
        stream));
  }

  // Throws Error unless the first row, one in the middle and the last row of the result are right.
  void expect_right(const char* what, const gpu::Stream& stream) const {
    std::vector<Sum> y(static_cast<std::size_t>(shape.sum_stride()));
    for (const Index r : {Index{0}, rows / 2, rows - 1}) {
      EDGEVAL_CUDA(cudaMemcpyAsync(y.data(), y_there.data() + r * shape.sum_stride(),
                                   y.size() * sizeof(Sum), cudaMemcpyDeviceToHost, stream));
      stream.synchronize();
      for (Index o = 0; o < shape.digits() * shape.outputs; ++o) {
        double sum = 0, size = 0;
        for (Index i = 0; i < shape.inputs; ++i) {
          const double term = static_cast<double>(x(r, i)) * w(o, i);
          sum += term;
          size += std::abs(term);
        }
        const double apart = std::abs(static_cast<double>(y[o]) - sum);
        EDGEVAL_EXPECTS(apart <= (shape.floats() ? 1e-5 * size : 0), what, ": row ", r, ", output ",
                        o, " is ", y[o], " instead of ", sum);
      }
    }
  }
};

void print(const char* kind, const Weights& weights, int bits, Index rows, double microseconds,
           const ProductShape& shape, const cublasLtMatmulAlgo_t& algorithm) {
  const double digits = static_cast<double>(shape.digits() * shape.digits());
  const double operations = 2 * digits * static_cast<double>(rows * shape.outputs * shape.inputs);
  std::printf("%s_%s%d_%s_%lldx%lld_rows_%lld\t%.2f\tus, %.2f TOP/s, %s\n", kind,
              bits == 32 ? "fp" : "int", bits, weights.of, static_cast<long long>(weights.outputs),
              static_cast<long long>(weights.inputs), static_cast<long long>(rows), microseconds,
              1e-6 * operations / microseconds, describe(algorithm).c_str());
  std::fflush(stdout);
}

// Computes one product of all rows by each algorithm on offer, and prints the fastest.
class Plain {
 public:
  template <class C>
  Plain(C& rows, const gpu::CublasLt& cublas, const gpu::Stream& stream) {
    const bool floats = rows.shape.floats();
    const cudaDataType_t elements = floats ? CUDA_R_32F : CUDA_R_8I;
    const cudaDataType_t sums = floats ? CUDA_R_32F : CUDA_R_32I;
    cublasLtMatmulDescOpaque_t product;
    EDGEVAL_CUBLAS(cublasLtMatmulDescInit(
        &product, floats ? CUBLAS_COMPUTE_32F_PEDANTIC : CUBLAS_COMPUTE_32I, sums));
    const cublasOperation_t turned = CUBLAS_OP_T;
    EDGEVAL_CUBLAS(cublasLtMatmulDescSetAttribute(&product, CUBLASLT_MATMUL_DESC_TRANSA, &turned,
                                                  sizeof turned));
    const auto layout = [](cudaDataType_t type, Index first, Index second, Index leading) {
      cublasLtMatrixLayoutOpaque_t result;
      EDGEVAL_CUBLAS(cublasLtMatrixLayoutInit(&result, type, static_cast<std::uint64_t>(first),
                                              static_cast<std::uint64_t>(second), leading));
      return result;
    };
    const ProductShape& shape = rows.shape;
    auto w = layout(elements, shape.terms(), shape.width(), shape.operand_stride());
    auto x = layout(elements, shape.terms(), rows.rows, shape.operand_stride());
    auto y = layout(sums, shape.width(), rows.rows, shape.sum_stride());
    cublasLtMatmulPreferenceOpaque_t preference;
    EDGEVAL_CUBLAS(cublasLtMatmulPreferenceInit(&preference));
    EDGEVAL_CUBLAS(cublasLtMatmulPreferenceSetAttribute(
        &preference, CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES, &kWorkspace, sizeof kWorkspace));
    std::array<cublasLtMatmulHeuristicResult_t, 8> offered{};
    int found = 0;
    EDGEVAL_CUBLAS(cublasLtMatmulAlgoGetHeuristic(cublas.handle(), &product, &w, &x, &y, &y,
                                                  &preference, static_cast<int>(offered.size()),
                                                  offered.data(), &found));
    DeviceBuffer<std::byte> workspace;
    workspace.reserve_discarding(kWorkspace, stream);
    const float one = 1, zero = 0;
    const std::int32_t whole_one = 1, whole_zero = 0;
    const void* alpha = floats ? static_cast<const void*>(&one) : &whole_one;
    const void* beta = floats ? static_cast<const void*>(&zero) : &whole_zero;
    for (int i = 0; i < found; ++i) {
      if (offered[i].state != CUBLAS_STATUS_SUCCESS) continue;
      const auto run = [&] {
        EDGEVAL_CUBLAS(cublasLtMatmul(cublas.handle(), &product, alpha, rows.w_there.data(), &w,
                                      rows.x_there.data(), &x, beta, rows.y_there.data(), &y,
                                      rows.y_there.data(), &y, &offered[i].algo, workspace.data(),
                                      kWorkspace, stream));
      };
      rows.forget(stream);
      const double time = microseconds(run, stream);
      rows.expect_right("a plain product", stream);
      if (best_time == 0 || time < best_time) best_time = time, best = offered[i].algo;
    }
  }

  double best_time = 0;  // 0 when no algorithm was on offer
  cublasLtMatmulAlgo_t best{};
};

template <class Element, class Sum>
void bench(const Weights& weights, int bits, Index rows, const Product& ours,
           const Matrix<Element>& weight, const gpu::CublasLt& cublas, const gpu::Stream& stream) {
  Case<Element, Sum> given(ours.shape(), rows, weight, stream);
  const gpu::OperandRows x{given.x_there.data(), ours.shape().operand_stride()};
  const gpu::SumRows y{given.y_there.data(), ours.shape().sum_stride()};
  given.forget(stream);
  const double time = microseconds([&] { ours(x, rows, y, stream); }, stream);
  given.expect_right("our product", stream);
  print("ours", weights, bits, rows, time, ours.shape(), ours.algorithm(rows));
  const Plain plain(given, cublas, stream);
  if (plain.best_time > 0)
    print("plain", weights, bits, rows, plain.best_time, ours.shape(), plain.best);
}

void bench(const Weights& weights, const gpu::CublasLt& cublas, const gpu::Stream& stream) {
  test::Random random(1);
  Matrix<float> weight(weights.outputs, weights.inputs);
  for (float& value : weight.values()) value = static_cast<float>(random.uniform(-1, 1));
  for (const Index rows : kRows) {
    for (const int bits : {8, 16}) {
      const FixedWeights fixed = FixedWeights::of(weight.view(), bits);
      const Product product(cublas, fixed, bits, stream);
      bench<std::int8_t, std::int32_t>(weights, bits, rows, product, fixed.digits(bits), cublas,
                                       stream);
    }
    const Product product(cublas, weight.view(), rows, stream);
    bench<float, float>(weights, 32, rows, product, weight, cublas, stream);
  }
}

}  // namespace
}  // namespace edgeval::bench

int main() {
  using namespace edgeval;
  try {
    if (gpu::devices().empty()) {
      std::fprintf(stderr, "gpu_products: no device\n");
      return 3;
    }
    std::printf("cublaslt\t%zu\tversion\n", cublasLtGetVersion());
    const gpu::Stream stream;
    const gpu::CublasLt cublas;
    for (const bench::Weights& weights : bench::kWeights) bench::bench(weights, cublas, stream);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "gpu_products: %s\n", error.what());
    return 1;
  }
}
