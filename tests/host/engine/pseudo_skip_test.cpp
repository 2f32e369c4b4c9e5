// Compares pseudo-skips of the engine with P1's controller on random networks in int16, bit for
// bit. Hand-made cases show what is propagated, and with what else pseudo-skips are refused.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "host/core/error.hpp"
#include "host/technique/pseudo_skip.hpp"
#include "tests/literal/literal_pseudo.hpp"
#include "tests/support/borrowed.hpp"
#include "tests/support/random_case.hpp"
#include "tests/support/safetensors.hpp"

namespace edgeval::test {
namespace {

constexpr int kInputBits = 13;

class ModesOfLanes final : public LayerObserver {
 public:
  void on_plan(Index, Direction direction, Index lane, std::span<const StepMode> modes) override {
    seen[{direction, lane}].assign(modes.begin(), modes.end());
  }
  std::map<std::pair<Direction, Index>, std::vector<StepMode>> seen;
};

class PseudoSkip : public testing::TestWithParam<int> {
 protected:
  Random random_{static_cast<std::uint64_t>(8000 + GetParam())};
};
INSTANTIATE_TEST_SUITE_P(Seeds, PseudoSkip, testing::Range(0, 24));

TEST_P(PseudoSkip, IsItsLiteralLoopBitForBit) {
  const Model model =
      random_model({.inputs = random_.skewed(1, 40),
                    .lstm = {{.cells = random_.skewed(1, 40), .directions = kBothDirections}},
                    .outputs = 0,
                    .gain = static_cast<float>(random_.uniform(0.5, 2))},
                   static_cast<std::uint64_t>(random_.whole(0, 1 << 30)));
  const RecurrentLayer& layer = std::get<RecurrentLayer>(model.layers[0]);
  const SimilaritySkip skip{.threshold = random_.of<double>({0.6, 0.8, 1}),
                            .max_consecutive = random_.of<double>({0, 1, 2}),
                            .shift = static_cast<double>(random_.whole(8, 11)),
                            .fraction_bits = 12,
                            .pseudo_threshold = random_.of<double>({-1, 0.1, 0.3}),
                            .pseudo_clip = random_.of<double>({0, 0.01, 0.1}),
                            .delta_scale = random_.of<double>({0x1p-8, 0x1p-6, 0x1p-20})};
  const Delta delta{.threshold_x = random_.uniform(0, 0.3), .threshold_h = random_.uniform(0, 0.1)};
  std::vector<Matrix<float>> utterances;
  for (int n = 0; n < 5; ++n)
    utterances.push_back(random_frames(random_, random_.skewed(1, 60), model.inputs()));
  // The first utterance jumps over the whole range of 16 bits, further than 16-bit deltas can tell.
  for (Index i = 0; i < model.inputs() && utterances[0].rows() > 3; ++i) {
    utterances[0](1, i) = 9;
    utterances[0](2, i) = -9;
  }
  for (const Delta* operand : {static_cast<const Delta*>(nullptr), &delta}) {
    const OperandChoice choice =
        operand == nullptr ? OperandChoice(AsIs{}) : OperandChoice(*operand);
    ModesOfLanes modes;
    const BatchResult result =
        make_cpu_engine(borrowed(model), {.threads = 1, .chunk_bytes = 1 << 14})
            ->run(ragged(utterances, model.inputs()),
                  {{{skip, choice, Int16{{.input_bits = kInputBits}}}}}, &modes);
    for (std::size_t n = 0; n < utterances.size(); ++n)
      for (std::size_t d = 0; d < 2; ++d) {
        const LiteralPseudo literal = literal_pseudo(layer, d, kInputBits, skip, operand,
                                                     std::as_const(utterances[n]).view());
        const LayerActivity& activity = result.activity[n].layers[d];
        EXPECT_EQ((modes.seen[{layer.directions[d], static_cast<Index>(n)}]), literal.modes);
        EXPECT_EQ(activity[Count::kMacs16x16], literal.macs16);
        EXPECT_EQ(activity[Count::kMacs8x8], literal.macs8);
        EXPECT_EQ(activity[Count::kWeightWords8], literal.macs8);
        EXPECT_EQ(activity[Count::kStepsPseudo],
                  static_cast<std::uint64_t>(std::ranges::count(literal.modes, StepMode::kPseudo)));
        EXPECT_EQ(activity[Count::kStepsRun] + activity[Count::kStepsSkipped] +
                      activity[Count::kStepsPseudo],
                  activity[Count::kSteps]);
        const auto output = result.outputs.sequence(static_cast<Index>(n));
        for (Index t = 0; t < output.rows; ++t)
          for (Index j = 0; j < layer.cells; ++j)
            ASSERT_EQ(output(t, static_cast<Index>(d) * layer.cells + j), literal.output(t, j))
                << "frame " << t;
      }
  }
}

TEST(PseudoSkip, OccursBesideRunsAndSkips) {
  // S is 1/2 between two frames when half of the elements jump, 1 when none does, and 0 when all
  // do.
  const Model model = random_model({.inputs = 2, .lstm = {{.cells = 3}}, .outputs = 0}, 1);
  Matrix<float> frames(5, 2);
  const float values[5][2] = {{1, 1}, {1, 2}, {1, 2}, {2, 1}, {2, 1}};
  for (Index t = 0; t < 5; ++t) std::ranges::copy(values[t], frames.row(t));
  const SimilaritySkip skip{.threshold = 0.8,
                            .max_consecutive = 2,
                            .shift = 10,
                            .fraction_bits = 12,
                            .pseudo_threshold = 0.3,
                            .delta_scale = 0x1p-6};
  ModesOfLanes modes;
  std::vector<Matrix<float>> utterances;
  utterances.push_back(std::move(frames));
  make_cpu_engine(borrowed(model), {.threads = 1})
      ->run(ragged(utterances, 2), {{{skip, AsIs{}, Int16{{.input_bits = kInputBits}}}}}, &modes);
  EXPECT_EQ((modes.seen[{Direction::kForward, 0}]),
            (std::vector{StepMode::kRun, StepMode::kPseudo, StepMode::kSkip, StepMode::kRun,
                         StepMode::kSkip}));
}

TEST(PseudoRule, PropagatesWhatPassesTheClipAndIsNotZeroInEightBits) {
  // A step of the grid is 2^-4. The clip of 1/4 is 4 steps, and differences are quantized to
  // multiples of 1/8, which are 2 steps.
  const SimilaritySkip skip{
      .fraction_bits = 0, .pseudo_threshold = 0, .pseudo_clip = 0.25, .delta_scale = 0.125};
  const PseudoRule rule = PseudoRule::of(skip, nullptr, Source::kInput, Grid::of(4, 16));
  std::int32_t reference = 0;
  EXPECT_EQ(rule.next(1, false, reference).full, 16);
  EXPECT_EQ(reference, 16);
  EXPECT_EQ(rule.next(1.1875F, true, reference).changed, 0);  // 3 steps: below the clip
  EXPECT_EQ(reference, 16);
  EXPECT_EQ(rule.next(1.3125F, true, reference).delta, 3);  // 5 steps: 2.5 rounds away from zero
  EXPECT_EQ(reference, 22);                                 // moved by the quantized amount
  EXPECT_EQ(rule.next(100, true, reference).delta, 127);    // saturates
  EXPECT_EQ(reference, 22 + 254);
}

TEST(PseudoRule, OfDeltaTakesSixteenBitMovesAndKeepsTheRest) {
  const SimilaritySkip skip{
      .fraction_bits = 0, .pseudo_threshold = 0, .pseudo_clip = 0, .delta_scale = 0.125};
  const Delta delta{.threshold_x = 0.5, .threshold_h = 0};
  const PseudoRule rule = PseudoRule::of(skip, &delta, Source::kInput, Grid::of(4, 16));
  std::int32_t reference = 0;
  EXPECT_EQ(rule.next(0.25F, false, reference).changed, 0);
  EXPECT_EQ(rule.next(1, false, reference).full, 16);
  EXPECT_EQ(rule.next(-2048, false, reference).full, -32768 - 16);  // a delta does not saturate
}

TEST(PseudoSkipPolicy, IsRefusedElsewhere) {
  const Model model = random_model({.inputs = 2, .lstm = {{.cells = 3}}, .outputs = 0}, 1);
  const SimilaritySkip skip{.fraction_bits = 12, .pseudo_threshold = 0.3, .delta_scale = 0.125};
  const auto refusal = [&](const LayerPolicy& policy) -> std::string {
    try {
      check_point(model, {{policy}});
    } catch (const Error& error) {
      return error.what();
    }
    return "";
  };
  const Int16 int16{{.input_bits = 12}};
  EXPECT_EQ(refusal({skip, AsIs{}, int16}), "");
  EXPECT_EQ(refusal({skip, Delta{}, int16}), "");
  EXPECT_NE(refusal({skip, AsIs{}, Fp32{}}).find("int16"), std::string::npos);
  EXPECT_NE(refusal({skip, AsIs{}, Int8{{.input_bits = 5}}}).find("int16"), std::string::npos);
  EXPECT_NE(refusal({skip, Memoized{}, int16}).find("as_is and delta"), std::string::npos);
}

}  // namespace
}  // namespace edgeval::test
