// The CPU engine beside its peers on three BiLSTM layers of 128 cells and 120 inputs, with the
// lengths of AN4's test set (130 utterances, 35,440 frames), random weights and features. Results
// are compared before a time is printed.
//
//   cpu_bench                 dense, beside oneDNN's f32 LSTM primitive at its best batch size, 1
//   and 2 threads cpu_bench --keep FOLDER   every fourth step runs; writes the case and our times
//   for torch_masked_loop.py
//
// Times are medians of interleaved runs: wall seconds, and seconds of processor time, which other
// load disturbs less.
#include <omp.h>
#include <time.h>

#include <chrono>
#include <cstdio>
#include <filesystem>
#include <functional>
#include <string>

#include "host/core/error.hpp"
#include "host/core/file.hpp"
#include "tests/bench/onednn_lstm.hpp"
#include "tests/support/random_case.hpp"
#include "tests/support/safetensors.hpp"

namespace edgeval::bench {
namespace {

constexpr int kRepeats = 5;
constexpr Index kInputs = 120, kCells = 128, kLayers = 3;
constexpr double kTolerance = 1e-4;

// Frames of AN4's test utterances, in the order of the set.
const std::vector<Index> kLengths{
    408, 328, 78,  358, 228, 288, 188, 298, 618, 288, 368, 288, 78,  248, 218, 238, 428, 278, 238,
    128, 228, 498, 228, 328, 248, 188, 318, 178, 368, 308, 208, 228, 148, 288, 308, 158, 218, 218,
    368, 208, 288, 438, 178, 218, 148, 158, 218, 348, 208, 298, 238, 328, 78,  388, 298, 538, 438,
    308, 118, 598, 538, 318, 578, 288, 148, 138, 358, 398, 238, 308, 198, 218, 388, 428, 218, 288,
    248, 398, 278, 378, 458, 138, 308, 198, 178, 388, 488, 258, 348, 278, 158, 228, 268, 198, 78,
    178, 138, 138, 278, 348, 228, 248, 178, 198, 78,  248, 378, 188, 218, 218, 98,  248, 298, 188,
    238, 228, 348, 88,  68,  418, 288, 308, 238, 138, 478, 308, 208, 388, 228};

struct Seconds {
  double wall = 0, processor = 0;
};

double processor_seconds() {
  timespec now{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

Seconds time_once(const std::function<void()>& work) {
  const auto wall = std::chrono::steady_clock::now();
  const double processor = processor_seconds();
  work();
  const std::chrono::duration<double> passed = std::chrono::steady_clock::now() - wall;
  return {passed.count(), processor_seconds() - processor};
}

double middle(std::vector<double> values) {
  std::nth_element(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2),
                   values.end());
  return values[values.size() / 2];
}

Seconds median(const std::vector<Seconds>& runs) {
  std::vector<double> wall, processor;
  for (const Seconds& run : runs) {
    wall.push_back(run.wall);
    processor.push_back(run.processor);
  }
  return {middle(wall), middle(processor)};
}

Model bench_model() {
  const test::RecurrentSpec layer{kCells, test::kBothDirections};
  return test::random_model(
      {.inputs = kInputs, .lstm = {layer, layer, layer}, .outputs = 0, .gain = 1}, 1);
}

Ragged<float> bench_features() {
  test::Random random(2);
  Ragged<float> features(kLengths, kInputs);
  for (float& value : features.values.values()) value = static_cast<float>(random.uniform(-2, 2));
  return features;
}

// Two multiply-accumulates of floating point each, over all layers, directions and frames.
double gigaflops(const Model& model, const Ragged<float>& features) {
  double macs = 0;
  for (const LayerShape& shape : layer_shapes(model))
    macs += static_cast<double>(shape.macs_per_step());
  return 2e-9 * macs * static_cast<double>(features.values.rows());
}

void print_row(const std::string& name, Seconds seconds, double work) {
  std::printf("  %-28s %8.3f s  %7.1f GFLOP/s  %8.3f processor s\n", name.c_str(), seconds.wall,
              work / seconds.wall, seconds.processor);
}

void bench_dense(int threads) {
  const Model model = bench_model();
  const Ragged<float> features = bench_features();
  const OperatingPoint point = dense_point(model);
  const auto engine = make_cpu_engine(model, {.threads = threads});
  const double work = gigaflops(model, features);
  const std::vector<Index> batches{4, 8, 16, 32, 64, 130};
  const Ragged<float> outputs = engine->run(features, point).outputs;

  omp_set_num_threads(threads);
  std::vector<OneDnnStack> peers;
  for (Index batch : batches) {
    OneDnnStack& peer = peers.emplace_back(model, features, batch);
    peer.run();
    const double worst = peer.worst_difference(outputs);
    EDGEVAL_EXPECTS(worst <= kTolerance, "oneDNN at batch ", batch, " differs by ", worst);
  }
  std::vector<Seconds> ours;
  std::vector<std::vector<Seconds>> theirs(batches.size());
  for (int repeat = 0; repeat < kRepeats; ++repeat) {
    omp_set_num_threads(1);  // the engine's own threads call oneDNN
    ours.push_back(time_once([&] { engine->run(features, point); }));
    omp_set_num_threads(threads);
    for (std::size_t b = 0; b < batches.size(); ++b)
      theirs[b].push_back(time_once([&] { peers[b].run(); }));
  }
  std::printf("dense, %d thread%s, %.1f GFLOP:\n", threads, threads == 1 ? "" : "s", work);
  const Seconds own = median(ours);
  print_row("edgeval", own, work);
  Seconds best{1e9, 1e9};
  for (std::size_t b = 0; b < batches.size(); ++b) {
    const Seconds peer = median(theirs[b]);
    print_row(concat("oneDNN LSTM, batch ", batches[b]), peer, work);
    best = {std::min(best.wall, peer.wall), std::min(best.processor, peer.processor)};
  }
  std::printf("  speed / best oneDNN: %.2f by wall, %.2f by processor time\n", best.wall / own.wall,
              best.processor / own.processor);
}

void append(std::string& bytes, std::span<const float> values) {
  bytes.append(reinterpret_cast<const char*>(values.data()), values.size_bytes());
}

std::string weight_bytes(const Model& model) {
  std::string bytes;
  for (const Layer& layer : model.layers)
    for (const RecurrentWeights& weights : std::get<RecurrentLayer>(layer).weights) {
      append(bytes, weights.weight_ih.values());
      append(bytes, weights.weight_hh.values());
      append(bytes, weights.bias.values());
    }
  return bytes;
}

void bench_keep(const std::filesystem::path& folder) {
  const Model model = bench_model();
  const Ragged<float> features = bench_features();
  const SimilaritySkip skip{
      .threshold = -1, .max_consecutive = 3, .shift = 10, .fraction_bits = 12};
  const OperatingPoint point{{model.layers.size(), LayerPolicy{skip, AsIs{}}}};
  std::string times, outputs, inputs;
  for (int threads : {1, 2}) {
    const auto engine = make_cpu_engine(model, {.threads = threads});
    const BatchResult result = engine->run(features, point);
    std::vector<Seconds> runs;
    for (int repeat = 0; repeat < kRepeats; ++repeat)
      runs.push_back(time_once([&] { engine->run(features, point); }));
    const Seconds seconds = median(runs);
    times += concat(times.empty() ? "" : ", ", "\"", threads, "\": [", seconds.wall, ", ",
                    seconds.processor, "]");
    outputs.clear();
    append(outputs, result.outputs.values.values());
  }
  append(inputs, features.values.values());
  std::string lengths;
  for (Index length : kLengths) lengths += concat(lengths.empty() ? "" : ", ", length);
  write_file(folder / "features.f32", inputs);
  write_file(folder / "weights.f32", weight_bytes(model));
  write_file(folder / "outputs.f32", outputs);
  write_file(folder / "case.json",
             concat("{\"inputs\": ", kInputs, ", \"cells\": ", kCells, ", \"layers\": ", kLayers,
                    ", \"every\": 4, \"tolerance\": ", kTolerance, ", \"lengths\": [", lengths,
                    "], \"edgeval_seconds\": {", times, "}}"));
}

}  // namespace
}  // namespace edgeval::bench

int main(int argc, char** argv) {
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  try {
    if (arguments.empty()) {
      for (int threads : {1, 2}) edgeval::bench::bench_dense(threads);
    } else if (arguments.size() == 2 && arguments[0] == "--keep") {
      edgeval::bench::bench_keep(arguments[1]);
    } else {
      std::fprintf(stderr, "usage: cpu_bench [--keep FOLDER]\n");
      return 1;
    }
  } catch (const std::exception& error) {
    std::fprintf(stderr, "cpu_bench: %s\n", error.what());
    return 2;
  }
}
