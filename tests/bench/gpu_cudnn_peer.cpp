// Times the peer on the device: the layers of gpu_bench by one cudnnRNNForward over utterances with
// their own lengths, the longest first, in fp32 and with TF32 allowed. Outputs are compared with
// those of the CPU engine before a time is printed, as "name <tab> milliseconds <tab> rate". Times
// are medians of the call alone, and of the call with copies of features and outputs, as gpu_bench
// has it. Bringing features into cuDNN's padded layout, and outputs back, is not charged.
//
//   gpu_cudnn_peer [LANES...]      takes 64 1024 4096 when no numbers are given; exits with 3 when
//                                  there is no device
#include <cudnn.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <numeric>
#include <string>

#include "cuda/device/memory.hpp"
#include "cuda/device/stream.hpp"
#include "cuda/engine.hpp"
#include "host/core/error.hpp"
#include "tests/bench/gpu_case.hpp"
#include "tests/bench/median.hpp"
#include "tests/support/borrowed.hpp"

namespace edgeval::bench {
namespace {

constexpr int kWarmUps = 2, kRepeats = 7, kGates = 4;
constexpr Index kCompared = 8;  // number of lanes that the CPU engine runs, too

struct Math {
  const char* name;
  cudnnMathType_t type;
  double tolerance;  // how far outputs may be from those of the CPU engine in fp32
};
constexpr Math kMaths[] = {{"fp32", CUDNN_FMA_MATH, 1e-4}, {"tf32", CUDNN_DEFAULT_MATH, 2e-2}};

void check(cudnnStatus_t status, const char* call) {
  EDGEVAL_EXPECTS(status == CUDNN_STATUS_SUCCESS, call, ": ", cudnnGetErrorString(status));
}
#define EDGEVAL_CUDNN(call) check((call), #call)

// Makes a descriptor. It is never destroyed: the program makes one of each, and cuDNN would free no
// memory of the device with them.
template <class Descriptor>
Descriptor made(cudnnStatus_t (*create)(Descriptor*)) {
  Descriptor descriptor = nullptr;
  check(create(&descriptor), "a descriptor");
  return descriptor;
}

cudnnTensorDescriptor_t states_of(int lanes) {
  const auto descriptor = made(cudnnCreateTensorDescriptor);
  const int cells = static_cast<int>(kCells);
  const int sizes[] = {2 * static_cast<int>(kLayers), lanes, cells};
  const int strides[] = {lanes * cells, cells, 1};
  EDGEVAL_CUDNN(cudnnSetTensorNdDescriptor(descriptor, CUDNN_DATA_FLOAT, 3, sizes, strides));
  return descriptor;
}

class Peer {
 public:
  Peer(const Model& model, const Ragged<float>& features, const Math& math)
      : cudnn_(made(cudnnCreate)), rnn_(made(cudnnCreateRNNDescriptor)) {
    EDGEVAL_CUDNN(cudnnSetStream(cudnn_, stream_));
    const auto dropout = made(cudnnCreateDropoutDescriptor);
    EDGEVAL_CUDNN(cudnnSetDropoutDescriptor(dropout, cudnn_, 0, nullptr, 0, 0));
    EDGEVAL_CUDNN(cudnnSetRNNDescriptor_v8(
        rnn_, CUDNN_RNN_ALGO_STANDARD, CUDNN_LSTM, CUDNN_RNN_DOUBLE_BIAS, CUDNN_BIDIRECTIONAL,
        CUDNN_LINEAR_INPUT, CUDNN_DATA_FLOAT, CUDNN_DATA_FLOAT, math.type, kInputs, kCells, kCells,
        kLayers, dropout, CUDNN_RNN_PADDED_IO_ENABLED));
    order_.resize(static_cast<std::size_t>(features.sequences()));
    std::iota(order_.begin(), order_.end(), Index{0});
    std::ranges::stable_sort(
        order_, [&](Index a, Index b) { return features.length(a) > features.length(b); });
    for (const Index n : order_) lengths_.push_back(static_cast<int>(features.length(n)));
    lay_out(features);
    upload_weights(model);
  }

  void forward() {
    EDGEVAL_CUDNN(cudnnRNNForward(cudnn_, rnn_, CUDNN_FWD_MODE_INFERENCE, nullptr, x_of_,
                                  x_there_.data(), y_of_, y_there_.data(), states_, nullptr,
                                  nullptr, states_, nullptr, nullptr, weight_bytes_,
                                  weights_.data(), work_bytes_, work_.data(), 0, nullptr));
  }
  void send() { x_there_.upload(x_, stream_); }
  void receive() { y_there_.download(y_.data(), static_cast<Index>(y_.size()), stream_); }
  void wait() { stream_.synchronize(); }
  void forget_outputs() { y_there_.zero(static_cast<Index>(y_.size()), stream_); }

  // Returns the greatest difference of the first utterances' outputs from `wanted`.
  double worst_of(const Ragged<float>& wanted) const {
    double worst = 0;
    for (std::size_t lane = 0; lane < order_.size(); ++lane) {
      if (order_[lane] >= wanted.sequences()) continue;
      const auto sequence = wanted.sequence(order_[lane]);
      for (Index t = 0; t < sequence.rows; ++t)
        for (Index i = 0; i < 2 * kCells; ++i) {
          const double apart = std::abs(static_cast<double>(sequence(t, i)) -
                                        y_[at(t, lane, 2 * kCells) + static_cast<std::size_t>(i)]);
          worst = std::isnan(apart) ? INFINITY : std::max(worst, apart);
        }
    }
    return worst;
  }

 private:
  std::size_t at(Index step, std::size_t lane, Index width) const {
    return (static_cast<std::size_t>(step) * order_.size() + lane) *
           static_cast<std::size_t>(width);
  }

  cudnnRNNDataDescriptor_t padded(Index width) {
    const auto descriptor = made(cudnnCreateRNNDataDescriptor);
    float fill = 0;
    EDGEVAL_CUDNN(cudnnSetRNNDataDescriptor(
        descriptor, CUDNN_DATA_FLOAT, CUDNN_RNN_DATA_LAYOUT_SEQ_MAJOR_UNPACKED, lengths_.front(),
        static_cast<int>(order_.size()), static_cast<int>(width), lengths_.data(), &fill));
    return descriptor;
  }

  void lay_out(const Ragged<float>& features) {
    x_of_ = padded(kInputs);
    y_of_ = padded(2 * kCells);
    states_ = states_of(static_cast<int>(order_.size()));
    const Index steps = lengths_.front();
    x_.assign(at(steps, 0, kInputs), 0);
    y_.assign(at(steps, 0, 2 * kCells), 0);
    for (std::size_t lane = 0; lane < order_.size(); ++lane)
      for (Index t = 0; t < features.length(order_[lane]); ++t)
        std::copy_n(features.sequence(order_[lane]).row(t), kInputs,
                    x_.begin() + static_cast<std::ptrdiff_t>(at(t, lane, kInputs)));
    y_there_.reserve_discarding(static_cast<Index>(y_.size()), stream_);
    std::size_t reserve_bytes = 0;
    EDGEVAL_CUDNN(cudnnGetRNNTempSpaceSizes(cudnn_, rnn_, CUDNN_FWD_MODE_INFERENCE, x_of_,
                                            &work_bytes_, &reserve_bytes));
    work_.reserve_discarding(static_cast<Index>(work_bytes_), stream_);
  }

  void upload_weights(const Model& model) {
    EDGEVAL_CUDNN(cudnnGetRNNWeightSpaceSize(cudnn_, rnn_, &weight_bytes_));
    weights_.reserve_discarding(static_cast<Index>(weight_bytes_), stream_);
    weights_.zero(static_cast<Index>(weight_bytes_), stream_);  // a gate's second bias stays 0
    for (int layer = 0; layer < kLayers; ++layer)
      for (int direction = 0; direction < 2; ++direction) {
        const RecurrentWeights& of =
            std::get<RecurrentLayer>(model.layers[layer]).weights[direction];
        for (int gate = 0; gate < kGates; ++gate) {  // both sides have the order i, f, g, o
          upload_gate(2 * layer + direction, gate, of.weight_ih, of.bias.data() + gate * kCells);
          upload_gate(2 * layer + direction, kGates + gate, of.weight_hh, nullptr);
        }
      }
    stream_.synchronize();
  }

  void upload_gate(int pseudo_layer, int linear, const Matrix<float>& weight, const float* bias) {
    void *matrix_there = nullptr, *bias_there = nullptr;
    EDGEVAL_CUDNN(cudnnGetRNNWeightParams(cudnn_, rnn_, pseudo_layer, weight_bytes_,
                                          weights_.data(), linear, gate_, &matrix_there, gate_bias_,
                                          &bias_there));
    const auto copy = [&](void* there, const float* here, Index count) {
      EDGEVAL_EXPECTS(there != nullptr, "cuDNN has no place for a weight");
      EDGEVAL_CUDA(cudaMemcpyAsync(there, here, static_cast<std::size_t>(count) * sizeof(float),
                                   cudaMemcpyHostToDevice, stream_));
    };
    copy(matrix_there, weight.row(linear % kGates * kCells), kCells * weight.cols());
    if (bias != nullptr) copy(bias_there, bias, kCells);
  }

  gpu::Stream stream_;
  cudnnHandle_t cudnn_;
  cudnnRNNDescriptor_t rnn_;
  cudnnTensorDescriptor_t gate_ = made(cudnnCreateTensorDescriptor),
                          gate_bias_ = made(cudnnCreateTensorDescriptor), states_ = nullptr;
  cudnnRNNDataDescriptor_t x_of_ = nullptr, y_of_ = nullptr;
  std::vector<Index> order_;  // the utterance of each lane, the longest first
  std::vector<int> lengths_;  // number of frames of each lane
  std::vector<float> x_, y_;  // inputs [T, N, C] and outputs [T, N, 2 H]
  gpu::DeviceBuffer<float> x_there_, y_there_;
  gpu::DeviceBuffer<std::byte> weights_, work_;
  std::size_t weight_bytes_ = 0, work_bytes_ = 0;
};

void bench(Index lanes) {
  const Model model = bilstm_stack(kCells, kLayers, 0);
  const Ragged<float> features = bench_features(lanes);
  const Ragged<float> some = slice(features, 0, std::min(kCompared, lanes));
  const Ragged<float> wanted =
      make_cpu_engine(test::borrowed(model), {})->run(some, dense_point(model)).outputs;
  const double frames = static_cast<double>(features.values.rows());
  for (const Math& math : kMaths) {
    Peer peer(model, features, math);
    const auto whole = [&] {
      peer.send();
      peer.forward();
      peer.receive();
      peer.wait();
    };
    peer.forget_outputs();
    whole();
    const double worst = peer.worst_of(wanted);
    EDGEVAL_EXPECTS(worst <= math.tolerance, "cuDNN's outputs in ", math.name, " are ", worst,
                    " off the CPU engine's");
    const double alone = median_seconds(
        [&] {
          peer.forward();
          peer.wait();
        },
        kWarmUps, kRepeats);
    const double copied = median_seconds(whole, kWarmUps, kRepeats);
    const auto print = [&](const char* what, double seconds) {
      std::printf("cudnn_%s_%lld_lanes%s\t%.2f\tms, %.0f frames/s, at most %.1e off\n", math.name,
                  static_cast<long long>(lanes), what, 1e3 * seconds, frames / seconds, worst);
      std::fflush(stdout);
    };
    print("", alone);
    print("_with_copies", copied);
  }
}

}  // namespace
}  // namespace edgeval::bench

int main(int argc, char** argv) {
  try {
    if (edgeval::gpu::devices().empty()) {
      std::fprintf(stderr, "gpu_cudnn_peer: no device\n");
      return 3;
    }
    std::vector<edgeval::Index> sizes;
    for (int i = 1; i < argc; ++i) sizes.push_back(std::stoll(argv[i]));
    if (sizes.empty()) sizes = {64, 1024, 4096};
    std::printf("cudnn\t%zu\tversion\n", cudnnGetVersion());
    for (const edgeval::Index lanes : sizes) edgeval::bench::bench(lanes);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "gpu_cudnn_peer: %s\n", error.what());
    return 1;
  }
}
