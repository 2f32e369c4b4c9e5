// Times the GPU engine at the sizes that its goals name (docs/gpu.md), with random weights and
// features.
//
//   speech   whole calls of run() for five BiLSTM layers of 320 cells on 2,620 utterances about as
//            long as those of LibriSpeech's test-clean, dense and with every second step run
//   wide     the time that one more BiLSTM layer of 1,024 cells takes on 2,048 lanes of 50 steps,
//            so that copies and the first layer do not count
//   wider    as wide, with 2,048 cells and 4,096 lanes
//   search   CTC's prefix beam search for utterances as long as those of `speech`, with 46 outputs
//            a frame, drawn uniformly from -3 to 3 and, as trained networks give them, with a peak
//            ("_peaks"). It has no arithmetic.
//
// In integers each of the others is timed twice: with steps of several kernels, and ("_whole") with
// one kernel for a step (cuda/kernel/lstm_product.hpp). Some lanes are compared with the CPU engine
// before a time is printed, as "name <tab> milliseconds <tab> rate". Times are medians, or a
// difference of two.
//
//   gpu_workloads [WORKLOAD [ARITHMETIC...]]     takes all workloads and fp32, int16 and int8 when
//                                                none are given; exits with 3 when there is no
//                                                device
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <functional>
#include <numbers>
#include <string>
#include <vector>

#include "cuda/ctc/prefix_searcher.hpp"
#include "cuda/device/bulk.hpp"
#include "cuda/engine.hpp"
#include "cuda/kernel/lanes.hpp"
#include "tests/bench/gpu_case.hpp"
#include "tests/bench/gpu_run.hpp"
#include "tests/bench/median.hpp"
#include "tests/support/borrowed.hpp"

namespace edgeval::bench {
namespace {

constexpr int kWarmUps = 1, kRepeats = 3;
constexpr Index kCompared = 2;  // number of lanes that the CPU engine runs, too

// Returns numbers of frames as in test-clean, which has 2,620 utterances of 1.3 to 35.0 s, 7.4 s on
// average, with 100 frames a second. They are drawn from a log-normal distribution with this mean
// and within these ends.
std::vector<Index> test_clean_lengths() {
  constexpr double kDeviation = 0.68, kMeanFrames = 742;
  const double centre = std::log(kMeanFrames) - kDeviation * kDeviation / 2;
  test::Random random(3);
  std::vector<Index> lengths;
  for (int n = 0; n < 2620; ++n) {
    const double normal = std::sqrt(-2 * std::log(1 - random.uniform(0, 1))) *
                          std::cos(2 * std::numbers::pi * random.uniform(0, 1));
    const double frames = std::exp(centre + kDeviation * normal);
    lengths.push_back(static_cast<Index>(std::clamp(frames, 130.0, 3496.0)));
  }
  return lengths;
}

Ragged<float> features_of(const std::vector<Index>& lengths) {
  test::Random random(2);
  return random_features(lengths, random);
}

// A way to run the steps of a layer.
struct Form {
  std::string suffix;
  EngineOptions options;
};

std::vector<Form> forms_of(const Arithmetic& arithmetic) {
  if (std::holds_alternative<Fp32>(arithmetic)) return {{"", {}}};
  return {{"", {}}, {"_whole", {.gpu_whole_steps = true}}};
}

// Returns the median seconds of a run. A comparison with the CPU engine comes first, which also
// warms up the device.
double checked_seconds(const Model& model, const OperatingPoint& point,
                       const Ragged<float>& features, const Form& form) {
  const auto engine = gpu::make_engine(test::borrowed(model), form.options);
  expect_as_cpu(model, point, features, engine->run(features, point), kCompared);
  return median_seconds([&] { engine->run(features, point); }, kWarmUps, kRepeats);
}

void print(const std::string& name, double seconds, const char* format, double a, double b) {
  char rate[160];
  std::snprintf(rate, sizeof rate, format, a, b);
  std::printf("%s\t%.2f\tms, %s\n", name.c_str(), 1e3 * seconds, rate);
  std::fflush(stdout);
}

void speech(const std::vector<NamedArithmetic>& numbers) {
  const Model model = bilstm_stack(320, 5);
  const Ragged<float> features = features_of(test_clean_lengths());
  const auto frames = static_cast<double>(features.values.rows());
  double macs = 0;
  for (const LayerShape& shape : layer_shapes(model))
    macs += static_cast<double>(shape.macs_per_step());
  for (const auto& [name, arithmetic] : numbers)
    for (const Form& form : forms_of(arithmetic)) {
      const double full = checked_seconds(model, dense(model, arithmetic), features, form);
      print("speech_" + name + "_dense" + form.suffix, full, "%.0f x real time, %.1f TOP/s",
            frames / 100 / full, 2e-12 * macs * frames / full);
      const double half = checked_seconds(model, skipping(model, arithmetic, 1), features, form);
      print("speech_" + name + "_keep_half" + form.suffix, half, "%.0f x real time, %.3f of dense",
            frames / 100 / half, half / full);
    }
}

void one_layer(const std::string& workload, Index cells, Index lanes,
               const std::vector<NamedArithmetic>& numbers) {
  constexpr Index kSteps = 50;
  const Ragged<float> features =
      features_of(std::vector<Index>(static_cast<std::size_t>(lanes), kSteps));
  const Model three = bilstm_stack(cells, 3);
  Model two = bilstm_stack(cells, 3);
  two.layers.erase(two.layers.begin() + 2);  // it has the shape of the layer before it
  const std::vector<LayerShape> shapes = layer_shapes(three);  // one for each direction
  const auto macs = static_cast<double>(shapes[4].macs_per_step() + shapes[5].macs_per_step());
  for (const auto& [name, arithmetic] : numbers)
    for (const Form& form : forms_of(arithmetic)) {
      const double seconds = checked_seconds(three, dense(three, arithmetic), features, form) -
                             checked_seconds(two, dense(two, arithmetic), features, form);
      print(workload + "_" + name + "_layer" + form.suffix, seconds,
            "%.0f us a step of one direction, %.1f TOP/s",
            1e6 * seconds / (2 * static_cast<double>(kSteps)),
            2e-12 * macs * static_cast<double>(kSteps * lanes) / seconds);
    }
}

// Draws outputs [frames, tokens]. Every second peak is that of token 0, the blank.
Ragged<float> outputs_of(const std::vector<Index>& lengths, Index tokens, bool peaks) {
  test::Random random(4);
  Ragged<float> outputs(lengths, tokens);
  for (float& value : outputs.values.values()) value = static_cast<float>(random.uniform(-3, 3));
  for (Index row = 0; peaks && row < outputs.values.rows(); ++row)
    outputs.values(row, random.chance(0.5) ? 0 : random.whole(0, tokens - 1)) += 8;
  return outputs;
}

void search() {
  constexpr Index kTokens = 46, kTreeBytes = Index{4} << 30;
  const gpu::Stream stream;
  gpu::LaneTable lanes;
  gpu::BulkCopies copies(1);
  for (const bool peaks : {false, true}) {
    std::vector<Index> lengths = test_clean_lengths();
    std::ranges::sort(lengths, std::greater());  // as batches have them
    const Ragged<float> outputs = outputs_of(lengths, kTokens, peaks);
    lanes.upload(outputs.offsets, stream);
    gpu::DeviceMatrix<float> there;
    there.resize_discarding(outputs.values.rows(), kTokens, stream);
    copies.upload(outputs.values.view(), there.view(), stream);
    for (const double width : {10.0, 100.0}) {
      const FixedBeam beam{width};
      gpu::PrefixSearcher searcher(kTreeBytes);
      searcher.reserve(outputs.offsets, kTokens, static_cast<int>(width), stream);
      const auto run = [&] {
        return searcher.search(beam, 0, there.view(), outputs.offsets, lanes.lanes().begin, stream);
      };
      const std::vector<CtcSearch> found = run();
      for (const Index n : {Index{0}, outputs.sequences() - 1})
        EDGEVAL_EXPECTS(
            found[static_cast<std::size_t>(n)] == ctc_beam_search(outputs.sequence(n), 0, beam),
            "the text of utterance ", n, " differs from the CPU's");
      const double seconds = median_seconds(run, kWarmUps, kRepeats);
      print(concat("search_", width, peaks ? "_peaks" : ""), seconds,
            "%.0f utterances a second, %.2f us a frame of the longest",
            static_cast<double>(outputs.sequences()) / seconds,
            1e6 * seconds / static_cast<double>(outputs.length(0)));
    }
  }
}

void run(const std::string& workload, const std::vector<NamedArithmetic>& numbers) {
  if (workload == "search") return search();
  if (workload == "speech") return speech(numbers);
  if (workload == "wide") return one_layer(workload, 1024, 2048, numbers);
  if (workload == "wider") return one_layer(workload, 2048, 4096, numbers);
  throw Error("there is no workload " + workload + "; they are search, speech, wide and wider");
}

}  // namespace
}  // namespace edgeval::bench

int main(int argc, char** argv) {
  using namespace edgeval::bench;
  try {
    std::vector<NamedArithmetic> wanted;
    for (const std::string& name :
         std::vector<std::string>(argv + std::min(argc, 2), argv + argc)) {
      const std::vector<NamedArithmetic> all = arithmetics();
      const auto found = std::ranges::find(all, name, &NamedArithmetic::name);
      if (found == all.end()) throw edgeval::Error("there is no arithmetic " + name);
      wanted.push_back(*found);
    }
    if (edgeval::gpu::devices().empty()) {
      std::fprintf(stderr, "gpu_workloads: no device\n");
      return 3;
    }
    const std::vector<std::string> workloads =
        argc > 1 ? std::vector<std::string>{argv[1]}
                 : std::vector<std::string>{"search", "speech", "wide", "wider"};
    for (const std::string& workload : workloads)
      run(workload, wanted.empty() ? arithmetics() : wanted);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "gpu_workloads: %s\n", error.what());
    return 1;
  }
}
