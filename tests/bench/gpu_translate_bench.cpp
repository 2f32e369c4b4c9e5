// Times translation on the GPU: the model that ships translates random sentences of its vocabulary,
// which are as long as captions, in fp32, int16 and int8 at several beam widths. Some sentences are
// compared with the CPU before a time is printed. Times are medians over whole calls, with the
// encoder. A line through times against rows says what a row costs.
//
//   gpu_translate_bench MODEL [SENTENCES]      takes 1000 sentences when no number is given
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <string>
#include <vector>

#include "cuda/engine.hpp"
#include "host/core/error.hpp"
#include "host/engine/translate/translator.hpp"
#include "host/model/file.hpp"
#include "tests/bench/median.hpp"
#include "tests/support/random_case.hpp"

namespace edgeval::bench {
namespace {

constexpr int kWarmUps = 1, kRepeats = 5;
constexpr std::size_t kCompared = 16;  // number of sentences that the CPU translates, too

std::vector<Sentence> random_sentences(const TranslationModel& model, int count) {
  test::Random random(1);
  std::vector<Sentence> sentences;
  for (int n = 0; n < count; ++n) {
    Sentence& sentence = sentences.emplace_back();
    for (Index length = random.whole(8, 22); length > 0; --length)
      sentence.push_back(random.whole(4, model.source_embedding.rows() - 1));
  }
  return sentences;
}

struct Timed {
  double seconds;
  std::uint64_t rows;
};

Timed timed(Translator& translator, const std::vector<Sentence>& sentences,
            const OperatingPoint& point, const SearchOptions& options) {
  SearchCounts counts;
  const auto run = [&] {
    counts = {};
    for (const Translation& translation : translator.run(sentences, point, options))
      counts += translation.search.counts;
  };
  const double seconds = median_seconds(run, kWarmUps, kRepeats);
  return {seconds, counts.rows_live};
}

void compare(Translator& gpu, Translator& cpu, const std::vector<Sentence>& sentences,
             const OperatingPoint& point, const SearchOptions& options) {
  const std::vector<Sentence> some(
      sentences.begin(),
      sentences.begin() + static_cast<std::ptrdiff_t>(std::min(kCompared, sentences.size())));
  const auto found = gpu.run(some, point, options), wanted = cpu.run(some, point, options);
  const bool exact = !std::holds_alternative<Fp32>(point.layers.front().arithmetic);
  for (std::size_t n = 0; n < some.size(); ++n) {
    const Hypothesis &mine = found[n].search.best[0], &theirs = wanted[n].search.best[0];
    EDGEVAL_EXPECTS(!exact || (mine.tokens == theirs.tokens && mine.score == theirs.score &&
                               found[n].activity == wanted[n].activity),
                    "sentence ", n, " differs from the CPU's");
    EDGEVAL_EXPECTS(
        std::abs(mine.score - theirs.score) <= 1e-3 * std::max(1.0, std::abs(theirs.score)),
        "sentence ", n, " scores ", mine.score, ", on the CPU ", theirs.score);
  }
}

// Fits seconds = a + b rows by least squares, and prints the line and the greatest distance from
// it.
void print_fit(const char* name, const std::vector<Timed>& points) {
  double n = 0, x = 0, y = 0, xx = 0, xy = 0;
  for (const Timed& point : points) {
    const auto rows = static_cast<double>(point.rows);
    n += 1, x += rows, y += point.seconds, xx += rows * rows, xy += rows * point.seconds;
  }
  const double b = (n * xy - x * y) / (n * xx - x * x), a = (y - b * x) / n;
  double worst = 0;
  for (const Timed& point : points)
    worst = std::max(
        worst, std::abs(a + b * static_cast<double>(point.rows) - point.seconds) / point.seconds);
  std::printf("%-5s  %.4f s + %.3f us a row, at most %.1f %% off\n", name, a, 1e6 * b, 100 * worst);
}

void bench(const std::shared_ptr<const TranslationModel>& shared, int count) {
  const TranslationModel& model = *shared;
  const std::vector<Sentence> sentences = random_sentences(model, count);
  Translator gpu(shared, gpu::make_engine(network_of(shared), {}),
                 gpu::make_decoder_engine(shared)),
      cpu(shared, EngineOptions{});
  const std::vector<std::pair<const char*, Arithmetic>> arithmetics{
      {"fp32", Fp32{}}, {"int16", Int16{{.input_bits = 12}}}, {"int8", Int8{{.input_bits = 5}}}};
  const std::vector<Beam> beams{FixedBeam{1}, FixedBeam{2}, FixedBeam{5}, FixedBeam{10},
                                DynamicBeam{1, 5, 0.3, 1.5}};
  for (const auto& [name, arithmetic] : arithmetics) {
    OperatingPoint point = dense_point(model.network);
    for (LayerPolicy& layer : point.layers) layer.arithmetic = arithmetic;
    std::vector<Timed> points;
    for (const Beam& beam : beams) {
      const SearchOptions options{.beam = beam, .longest = 40};
      compare(gpu, cpu, sentences, point, options);
      const Timed& time = points.emplace_back(timed(gpu, sentences, point, options));
      std::printf("%5d sentences  %-5s  %-7s width %-2d %9.2f ms  %8.0f sentences/s  %9.0f rows\n",
                  count, name, std::visit([](const auto& choice) { return choice.kName; }, beam),
                  widest_of(beam), 1e3 * time.seconds, count / time.seconds,
                  static_cast<double>(time.rows));
    }
    print_fit(name, points);
  }
}

}  // namespace
}  // namespace edgeval::bench

int main(int argc, char** argv) {
  // Every line is shown as soon as it is printed, also if the program fails later.
  std::setvbuf(stdout, nullptr, _IOLBF, 0);
  try {
    EDGEVAL_EXPECTS(argc >= 2, "usage: gpu_translate_bench MODEL [SENTENCES]");
    const edgeval::AnyModel model = edgeval::load_any_model(argv[1]);
    const auto* translation = std::get_if<std::shared_ptr<const edgeval::TranslationModel>>(&model);
    EDGEVAL_EXPECTS(translation != nullptr, argv[1], ": no translation model");
    edgeval::bench::bench(*translation, argc > 2 ? std::stoi(argv[2]) : 1000);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "gpu_translate_bench: %s\n", error.what());
    return 2;
  }
}
