// The GPU engine on three BiLSTM layers of 320 cells and 120 inputs, random weights and features:
// dense, and with every fourth step run (similarity skip that always skips, three in a row at
// most), in fp32, int8 and int16. Some lanes are compared with the CPU engine before a time is
// printed. Times are medians over whole calls of run(): upload, layers and download.
//
//   gpu_bench [LANES...]      64 1024 4096 when none are given
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <string>
#include <vector>

#include "cuda/engine.hpp"
#include "host/core/error.hpp"
#include "tests/bench/gpu_case.hpp"

namespace edgeval::bench {
namespace {

constexpr int kWarmUps = 2, kRepeats = 7;
constexpr Index kCompared = 8;  // lanes the CPU engine runs too
constexpr double kTolerance = 1e-4;

void set_arithmetic(OperatingPoint& point, const Arithmetic& arithmetic) {
  for (LayerPolicy& layer : point.layers) layer.arithmetic = arithmetic;
}

OperatingPoint every_fourth(const Model& model) {
  OperatingPoint point = dense_point(model);
  for (Index layer = 0; layer < kLayers; ++layer)
    point.layers[layer].plan =
        SimilaritySkip{.threshold = -1, .max_consecutive = 3, .shift = 10, .fraction_bits = 12};
  return point;
}

void compare(const Model& model, const OperatingPoint& point, const Ragged<float>& features,
             const BatchResult& gpu) {
  const Ragged<float> some = slice(features, 0, std::min(kCompared, features.sequences()));
  const BatchResult cpu = make_cpu_engine(model, {})->run(some, point);
  double worst = 0;
  for (Index i = 0; i < cpu.outputs.values.size(); ++i) {
    const double error =
        std::abs(static_cast<double>(cpu.outputs.values.data()[i]) - gpu.outputs.values.data()[i]);
    EDGEVAL_EXPECTS(error == error, "an output is not a number");
    worst = std::max(worst, error);
  }
  const bool exact = !std::holds_alternative<Fp32>(point.layers.front().arithmetic);
  EDGEVAL_EXPECTS(worst <= (exact ? 0 : kTolerance), "outputs differ from the CPU engine's by ",
                  worst);
  for (Index n = 0; n < some.sequences(); ++n)
    EDGEVAL_EXPECTS(cpu.activity[n] == gpu.activity[n], "counts of lane ", n,
                    " differ from the CPU engine's");
}

double median_seconds(Engine& engine, const OperatingPoint& point, const Ragged<float>& features) {
  std::vector<double> seconds;
  for (int repeat = -kWarmUps; repeat < kRepeats; ++repeat) {
    const auto start = std::chrono::steady_clock::now();
    engine.run(features, point);
    const std::chrono::duration<double> passed = std::chrono::steady_clock::now() - start;
    if (repeat >= 0) seconds.push_back(passed.count());
  }
  std::nth_element(seconds.begin(), seconds.begin() + kRepeats / 2, seconds.end());
  return seconds[kRepeats / 2];
}

void bench(Index lanes) {
  const Model model = bench_model();
  const Ragged<float> features = bench_features(lanes);
  const auto engine = gpu::make_engine(model, {});
  double macs = 0;
  for (const LayerShape& shape : layer_shapes(model))
    macs += static_cast<double>(shape.macs_per_step());
  const double frames = static_cast<double>(features.values.rows());
  // Features and outputs of a layer lie within 2 of 0: one integer bit beside the sign.
  const std::vector<std::pair<const char*, Arithmetic>> arithmetics{
      {"fp32", Fp32{}}, {"int16", Int16{{.input_bits = 14}}}, {"int8", Int8{{.input_bits = 6}}}};
  for (const auto& [name, arithmetic] : arithmetics) {
    double dense_seconds = 0;
    for (const bool keep : {false, true}) {
      OperatingPoint point = keep ? every_fourth(model) : dense_point(model);
      set_arithmetic(point, arithmetic);
      compare(model, point, features, engine->run(features, point));
      const double seconds = median_seconds(*engine, point, features);
      if (!keep) dense_seconds = seconds;
      std::printf(
          "%6lld lanes  %-5s  %-9s %9.2f ms  %11.0f frames/s  %8.1f dense GOP/s  %5.2f x dense\n",
          static_cast<long long>(lanes), name, keep ? "keep 25 %" : "dense", 1e3 * seconds,
          frames / seconds, 2e-9 * macs * frames / seconds, seconds / dense_seconds);
    }
  }
}

}  // namespace
}  // namespace edgeval::bench

int main(int argc, char** argv) {
  std::setvbuf(stdout, nullptr, _IOLBF,
               0);  // a time that is known shows, whatever becomes of the rest
  try {
    std::vector<edgeval::Index> sizes;
    for (int i = 1; i < argc; ++i) sizes.push_back(std::stoll(argv[i]));
    if (sizes.empty()) sizes = {64, 1024, 4096};
    for (const edgeval::Index lanes : sizes) edgeval::bench::bench(lanes);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "gpu_bench: %s\n", error.what());
    return 2;
  }
}
