// Times CTC's prefix beam search on the CPU (docs/performance.md): an utterance of 742 frames,
// about the mean of LibriSpeech's test-clean, on one thread, as "tokens, width <tab> milliseconds"
// without and with peaks. Outputs are uniform from -3 to 3; with peaks a token has 8 more in each
// frame, in seven frames of ten the blank, as trained networks give them. Times are medians of nine
// calls.
//
//   ninja -C build ctc_bench && build/tests/ctc_bench
#include <cstdio>

#include "host/engine/ctc_beam.hpp"
#include "host/numeric/random.hpp"
#include "tests/bench/median.hpp"

namespace edgeval::bench {
namespace {

Matrix<float> outputs_of(Index tokens, bool peaks) {
  constexpr Index kFrames = 742;
  SplitMix64 random(1);
  Matrix<float> outputs(kFrames, tokens);
  for (Index t = 0; t < kFrames; ++t) {
    for (Index v = 0; v < tokens; ++v) outputs(t, v) = static_cast<float>(6 * random.uniform() - 3);
    if (!peaks) continue;
    const bool blank = random.uniform() < 0.7;
    outputs(t, blank ? 0 : static_cast<Index>(random.below(static_cast<std::uint64_t>(tokens)))) +=
        8;
  }
  return outputs;
}

double milliseconds(Index tokens, double width, bool peaks) {
  const Matrix<float> outputs = outputs_of(tokens, peaks);
  const auto search = [&] { ctc_beam_search(outputs.view(), 0, FixedBeam{width}); };
  return 1e3 * median_seconds(search, 1, 9);
}

}  // namespace
}  // namespace edgeval::bench

int main() {
  using namespace edgeval::bench;
  struct Size {
    edgeval::Index tokens;
    double width;
  };
  for (const auto& [tokens, width] : {Size{29, 10}, {29, 50}, {29, 100}, {46, 100}, {1000, 100}})
    std::printf("%d tokens, width %.0f\t%.1f\t%.1f\n", static_cast<int>(tokens), width,
                milliseconds(tokens, width, false), milliseconds(tokens, width, true));
}
