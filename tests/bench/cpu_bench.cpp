// Times the CPU engine in fp32, int16 and int8 beside its peers, on three BiLSTM layers of 120
// inputs with random weights and features: layers of 128 cells with the lengths of AN4's test set
// (130 utterances, 35,440 frames), and of 320 cells with the first 32 of these lengths. Results are
// compared before a time is printed.
//
//   cpu_bench                 times dense runs beside oneDNN's LSTM primitive in f32 and u8s8 at
//                             its best batch size, with 1 and 2 threads
//   cpu_bench --keep FOLDER   times runs of 128 cells in which every fourth step runs, beside dense
//                             runs, and writes the case for torch_masked_loop.py
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
#include "host/core/files/file.hpp"
#include "host/core/files/new_file.hpp"
#include "host/core/memory.hpp"
#include "tests/bench/onednn_lstm.hpp"
#include "tests/support/borrowed.hpp"
#include "tests/support/random_case.hpp"
#include "tests/support/safetensors.hpp"

namespace edgeval::bench {
namespace {

constexpr int kRepeats = 5;
constexpr Index kInputs = 120, kLayers = 3, kKeepCells = 128;
constexpr Index kBatches[] = {4, 8, 16, 32, 64};  // batch sizes of the peer
constexpr double kTolerance = 1e-4;

// An arithmetic, and the mean difference from fp32 that its outputs may have on this random
// network.
struct Width {
  const char* name;
  double tolerance;
};
constexpr Width kWidths[] = {{"fp32", 0}, {"int16", 1e-3}, {"int8", 0.05}};

// Number of frames of each of AN4's test utterances, in the order of the set.
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

// Runs all pieces of work in turn, kRepeats times, and returns the median times of each.
std::vector<Seconds> medians(const std::vector<std::function<void()>>& works) {
  std::vector<std::vector<Seconds>> runs(works.size());
  for (int repeat = 0; repeat < kRepeats; ++repeat)
    for (std::size_t i = 0; i < works.size(); ++i) runs[i].push_back(time_once(works[i]));
  std::vector<Seconds> result;
  for (const std::vector<Seconds>& each : runs) result.push_back(median(each));
  return result;
}

struct Case {
  Model model;
  Ragged<float> features;

  Case(Index cells, std::span<const Index> lengths)
      : model(test::random_model(
            {.inputs = kInputs,
             .lstm = std::vector<test::RecurrentSpec>(kLayers, {cells, test::kBothDirections}),
             .outputs = 0,
             .gain = 1},
            1)),
        features({lengths.begin(), lengths.end()}, kInputs) {
    test::Random random(2);
    for (float& value : features.values.values()) value = static_cast<float>(random.uniform(-2, 2));
  }

  // Returns 1e-9 times the operations of all layers, directions and frames, of which a
  // multiply-accumulate is two.
  double gigaoperations() const {
    double macs = 0;
    for (const LayerShape& shape : layer_shapes(model))
      macs += static_cast<double>(shape.macs_per_step());
    return 2e-9 * macs * static_cast<double>(features.values.rows());
  }
};

// Returns the arithmetic of a layer. Features reach 2, and values between layers reach 1.
Arithmetic arithmetic(std::string_view name, bool first_layer) {
  if (name == "fp32") return Fp32{};
  if (name == "int16") return Int16{first_layer ? 13.0 : 15.0};
  return Int8{first_layer ? 5.0 : 7.0};
}

OperatingPoint point_of(const Case& bench, std::string_view name, const Plan& plan) {
  OperatingPoint point;
  for (std::size_t i = 0; i < bench.model.layers.size(); ++i)
    point.layers.push_back({plan, AsIs{}, arithmetic(name, i == 0)});
  return point;
}

double mean_difference(const Ragged<float>& a, const Ragged<float>& b) {
  double sum = 0;
  for (Index i = 0; i < a.values.size(); ++i)
    sum += std::abs(a.values.data()[i] - b.values.data()[i]);
  return sum / static_cast<double>(a.values.size());
}

// Returns the outputs in every arithmetic, in the order of kWidths. Throws Error when outputs of an
// integer arithmetic differ too much from those of fp32.
std::vector<Ragged<float>> compared_outputs(Engine& engine, const Case& bench, const Plan& plan) {
  std::vector<Ragged<float>> outputs;
  for (const Width& width : kWidths) {
    outputs.push_back(engine.run(bench.features, point_of(bench, width.name, plan)).outputs);
    const double mean = mean_difference(outputs.back(), outputs.front());
    EDGEVAL_EXPECTS(mean <= width.tolerance, width.name, " differs from fp32 by ", mean,
                    " in the mean");
  }
  return outputs;
}

void print_row(const std::string& name, Seconds seconds, double work) {
  std::printf("  %-28s %8.3f s  %7.1f GOP/s  %8.3f processor s\n", name.c_str(), seconds.wall,
              work / seconds.wall, seconds.processor);
}

struct Peers {
  std::string name;
  std::vector<OneDnnStack> stacks;  // one for each batch size
};

Peers make_peers(const Case& bench, OneDnnStack::Numbers numbers, const Ragged<float>& wanted) {
  const bool floats = numbers == OneDnnStack::Numbers::kFloats;
  Peers peers{floats ? "f32" : "u8s8", {}};
  for (const Index batch : kBatches) {
    OneDnnStack& peer = peers.stacks.emplace_back(bench.model, bench.features, batch, numbers);
    peer.run();
    const Difference difference = peer.difference(wanted);
    EDGEVAL_EXPECTS(
        floats ? difference.worst <= kTolerance : difference.mean <= kWidths[2].tolerance,
        "oneDNN ", peers.name, " at batch ", batch, " differs by ", difference.worst, ", ",
        difference.mean, " in the mean");
  }
  return peers;
}

void bench_dense(const Case& bench, Index cells, int threads) {
  const auto engine = make_cpu_engine(test::borrowed(bench.model), {.threads = threads});
  const double work = bench.gigaoperations();
  const std::vector<Ragged<float>> outputs = compared_outputs(*engine, bench, EveryStep{});
  omp_set_num_threads(threads);
  Peers peers[] = {make_peers(bench, OneDnnStack::Numbers::kFloats, outputs[0]),
                   make_peers(bench, OneDnnStack::Numbers::kBytes, outputs[0])};
  std::vector<std::function<void()>> works;
  for (const Width& width : kWidths)
    works.push_back([&, point = point_of(bench, width.name, EveryStep{})] {
      omp_set_num_threads(1);  // the engine's own threads call oneDNN
      engine->run(bench.features, point);
    });
  for (Peers& each : peers)
    for (OneDnnStack& stack : each.stacks)
      works.push_back([&] {
        omp_set_num_threads(threads);
        stack.run();
      });
  const std::vector<Seconds> times = medians(works);

  std::printf("dense, %d cells, %d thread%s, %.1f GOP:\n", static_cast<int>(cells), threads,
              threads == 1 ? "" : "s", work);
  std::size_t row = 0;
  for (const Width& width : kWidths) print_row(concat("edgeval ", width.name), times[row++], work);
  Seconds best[2];
  for (std::size_t p = 0; p < 2; ++p) {
    best[p] = times[row];
    for (const Index batch : kBatches) {
      print_row(concat("oneDNN ", peers[p].name, " LSTM, batch ", batch), times[row], work);
      best[p] = {std::min(best[p].wall, times[row].wall),
                 std::min(best[p].processor, times[row].processor)};
      ++row;
    }
  }
  const auto ratio = [&](const char* what, Seconds theirs, Seconds ours) {
    std::printf("  %-28s %5.2f by wall, %5.2f by processor time\n", what, theirs.wall / ours.wall,
                theirs.processor / ours.processor);
  };
  ratio("fp32 / best oneDNN f32", best[0], times[0]);
  ratio("int8 / best oneDNN u8s8", best[1], times[2]);
  ratio("int16 / edgeval fp32", times[0], times[1]);
  ratio("int8 / edgeval fp32", times[0], times[2]);
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

// Prints our times of running every fourth step beside those of dense runs, and returns them as
// "fp32": {"1": [wall, processor], ...}, ...
std::string keep_times(const Case& bench, const Plan& skip) {
  std::string entries[std::size(kWidths)];
  for (const int threads : {1, 2}) {
    const auto engine = make_cpu_engine(test::borrowed(bench.model), {.threads = threads});
    std::vector<std::function<void()>> works;
    for (const Width& width : kWidths)
      for (const Plan& plan : {Plan{EveryStep{}}, skip})
        works.push_back(
            [&, point = point_of(bench, width.name, plan)] { engine->run(bench.features, point); });
    for (const auto& work : works) work();  // the first run packs the weights
    const std::vector<Seconds> times = medians(works);
    std::printf("keep 25 %%, %d cells, %d thread%s, beside dense:\n", static_cast<int>(kKeepCells),
                threads, threads == 1 ? "" : "s");
    for (std::size_t i = 0; i < std::size(kWidths); ++i) {
      const Seconds dense = times[2 * i], keep = times[2 * i + 1];
      std::printf("  edgeval %-8s %8.3f s of %8.3f s, %4.2f;  %8.3f of %8.3f processor s, %4.2f\n",
                  kWidths[i].name, keep.wall, dense.wall, keep.wall / dense.wall, keep.processor,
                  dense.processor, keep.processor / dense.processor);
      entries[i] += concat(entries[i].empty() ? "" : ", ", "\"", threads, "\": [", keep.wall, ", ",
                           keep.processor, "]");
    }
  }
  std::string all;
  for (std::size_t i = 0; i < std::size(kWidths); ++i)
    all += concat(i == 0 ? "" : ", ", "\"", kWidths[i].name, "\": {", entries[i], "}");
  return all;
}

void bench_keep(const std::filesystem::path& folder) {
  const Case bench(kKeepCells, kLengths);
  const SimilaritySkip skip{
      .threshold = -1, .max_consecutive = 3, .shift = 10, .fraction_bits = 12};
  const auto engine = make_cpu_engine(test::borrowed(bench.model), {.threads = 1});
  std::string outputs, inputs, lengths;
  append(outputs, compared_outputs(*engine, bench, skip)[0].values.values());
  append(inputs, bench.features.values.values());
  for (Index length : kLengths) lengths += concat(lengths.empty() ? "" : ", ", length);
  write_file(folder / "features.f32", inputs);
  write_file(folder / "weights.f32", weight_bytes(bench.model));
  write_file(folder / "outputs.f32", outputs);
  write_file(folder / "case.json",
             concat("{\"inputs\": ", kInputs, ", \"cells\": ", kKeepCells, ", \"layers\": ",
                    kLayers, ", \"every\": 4, \"tolerance\": ", kTolerance, ", \"lengths\": [",
                    lengths, "], \"edgeval_seconds\": {", keep_times(bench, skip), "}}"));
}

void bench_all_dense() {
  const std::pair<Index, std::size_t> shapes[] = {{128, kLengths.size()}, {320, 32}};
  for (const auto& [cells, utterances] : shapes) {
    const Case bench(cells, std::span(kLengths).first(utterances));
    for (int threads : {1, 2}) bench_dense(bench, cells, threads);
  }
}

}  // namespace
}  // namespace edgeval::bench

int main(int argc, char** argv) {
  edgeval::keep_freed_memory();  // the program does so, too; the peers in this process also gain
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  try {
    if (arguments.empty()) {
      edgeval::bench::bench_all_dense();
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
