// Times the GPU engine on three BiLSTM layers of 320 cells and 120 inputs with random weights and
// features: dense, and with every fourth step run (a similarity skip that always skips, at most
// three steps in a row), in fp32, int8 and int16. Some lanes are compared with the CPU engine
// before a time is printed. Times are medians over whole calls of run(): upload, layers and
// download.
//
//   gpu_bench [LANES...]      takes 64 1024 4096 when no numbers are given
#include <cstdio>
#include <string>
#include <vector>

#include "cuda/engine.hpp"
#include "tests/bench/gpu_case.hpp"
#include "tests/bench/gpu_run.hpp"
#include "tests/bench/median.hpp"
#include "tests/support/borrowed.hpp"

namespace edgeval::bench {
namespace {

constexpr int kWarmUps = 2, kRepeats = 7;
constexpr Index kCompared = 8;  // number of lanes that the CPU engine runs, too

void bench(Index lanes) {
  const Model model = bilstm_stack(kCells, kLayers);
  const Ragged<float> features = bench_features(lanes);
  const auto engine = gpu::make_engine(test::borrowed(model), {});
  double macs = 0;
  for (const LayerShape& shape : layer_shapes(model))
    macs += static_cast<double>(shape.macs_per_step());
  const double frames = static_cast<double>(features.values.rows());
  for (const auto& [name, arithmetic] : arithmetics()) {
    double dense_seconds = 0;
    for (const bool keep : {false, true}) {
      const OperatingPoint point = keep ? skipping(model, arithmetic, 3) : dense(model, arithmetic);
      expect_as_cpu(model, point, features, engine->run(features, point), kCompared);
      const double seconds =
          median_seconds([&] { engine->run(features, point); }, kWarmUps, kRepeats);
      if (!keep) dense_seconds = seconds;
      std::printf(
          "%6lld lanes  %-5s  %-9s %9.2f ms  %11.0f frames/s  %8.1f dense GOP/s  %5.2f x dense\n",
          static_cast<long long>(lanes), name.c_str(), keep ? "keep 25 %" : "dense", 1e3 * seconds,
          frames / seconds, 2e-9 * macs * frames / seconds, seconds / dense_seconds);
    }
  }
}

}  // namespace
}  // namespace edgeval::bench

int main(int argc, char** argv) {
  // Every line is shown as soon as it is printed, also if the program fails later.
  std::setvbuf(stdout, nullptr, _IOLBF, 0);
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
