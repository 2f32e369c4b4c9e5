// Tests the "binding decisions" of docs/techniques.md, which decide what the papers leave open,
// each on a case small enough to follow by hand, and the identities that every technique keeps.
// Hand-made cases run on the engine and on the literal loops.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "tests/literal/literal.hpp"
#include "tests/support/borrowed.hpp"
#include "tests/support/random_case.hpp"
#include "tests/support/safetensors.hpp"

namespace edgeval::test {
namespace {

constexpr StepMode R = StepMode::kRun, S = StepMode::kSkip;
using Modes = std::vector<StepMode>;

class LastModes final : public LayerObserver {
 public:
  void on_plan(Index, Direction, Index, std::span<const StepMode> modes) override {
    modes_.assign(modes.begin(), modes.end());
  }
  const Modes& modes() const { return modes_; }

 private:
  Modes modes_;
};

struct SmallRun {
  std::vector<float> outputs;
  LayerActivity activity;
  Modes modes;
};

Matrix<float> frames_of(const std::vector<std::vector<float>>& rows) {
  Matrix<float> frames(static_cast<Index>(rows.size()), static_cast<Index>(rows.front().size()));
  for (std::size_t t = 0; t < rows.size(); ++t)
    std::copy(rows[t].begin(), rows[t].end(), frames.row(static_cast<Index>(t)));
  return frames;
}

// Runs one LSTM layer of one direction over one utterance, and compares the engine with the literal
// loops.
SmallRun run_small(const Model& model, const LayerPolicy& policy,
                   const std::vector<std::vector<float>>& rows) {
  std::vector<Matrix<float>> utterances;
  utterances.push_back(frames_of(rows));
  const OperatingPoint point{{policy}};
  LastModes observer;
  const BatchResult result = make_cpu_engine(borrowed(model), {.threads = 1})
                                 ->run(ragged(utterances, model.inputs()), point, &observer);
  const LiteralResult literal = literal_run(model, point, std::as_const(utterances[0]).view());
  EXPECT_EQ(observer.modes(), literal.layers[0].directions[0].modes);
  EXPECT_EQ(result.activity[0], literal.activity);
  const std::span<const float> outputs = result.outputs.values.values();
  for (std::size_t i = 0; i < outputs.size(); ++i)
    EXPECT_NEAR(outputs[i], literal.outputs.values()[i], 1e-6);
  return {{outputs.begin(), outputs.end()}, result.activity[0].layers[0], observer.modes()};
}

Model one_layer(Index inputs, const std::vector<Direction>& directions = kForwardOnly) {
  return random_model(
      {.inputs = inputs, .lstm = {{.cells = 1, .directions = directions}}, .outputs = 0}, 7);
}

// The bits that are compared are the whole part of a number.
SimilaritySkip skip_by_whole_part() {
  return {.threshold = 0.5, .max_consecutive = 2, .shift = 10, .fraction_bits = 10};
}

TEST(LstmCell, FollowsItsEquations) {
  Model model = one_layer(1);
  RecurrentWeights& weights = std::get<RecurrentLayer>(model.layers[0]).weights[0];
  // i = f = 1/2, g = tanh(x), o = 3/4.
  const float ih[] = {0, 0, 1, 0}, bias[] = {0, 0, 0, std::log(3.0F)};
  std::copy_n(ih, 4, weights.weight_ih.data());
  std::copy_n(bias, 4, weights.bias.data());
  std::fill_n(weights.weight_hh.data(), 4, 0.0F);
  const SmallRun run = run_small(model, {}, {{0.5F}, {-1}});
  const double c0 = 0.5 * std::tanh(0.5), c1 = 0.5 * c0 + 0.5 * std::tanh(-1.0);
  EXPECT_NEAR(run.outputs[0], 0.75 * std::tanh(c0), 1e-6);
  EXPECT_NEAR(run.outputs[1], 0.75 * std::tanh(c1), 1e-6);
}

TEST(SimilaritySkip, RunsEveryFourthOfSimilarCellsWhenThreeSkipsAreTheLimit) {  // P1, figure 5
  SimilaritySkip skip = skip_by_whole_part();
  skip.max_consecutive = 3;
  const std::vector<std::vector<float>> alike(7, {1.5F, 2.5F});
  EXPECT_EQ(run_small(one_layer(2), {skip, AsIs{}}, alike).modes, (Modes{R, S, S, S, R, S, S}));
}

TEST(SimilaritySkip, GoesOnWithoutALimit) {
  SimilaritySkip skip = skip_by_whole_part();
  skip.max_consecutive = std::numeric_limits<double>::infinity();
  const std::vector<std::vector<float>> alike(6, {1.5F});
  EXPECT_EQ(run_small(one_layer(1), {skip, AsIs{}}, alike).modes, (Modes{R, S, S, S, S, S}));
}

TEST(SimilaritySkip, ScoresSilenceAsAlikeOnlyAfterSilence) {
  // Zero after zero has S = 1, and zero after sound S = 0. 0.25 after zero has S = 1, since its
  // upper bits are those of 0, and 3 after silence has S = 0.
  const SmallRun run = run_small(one_layer(1), {skip_by_whole_part(), AsIs{}},
                                 {{0}, {0}, {0.25F}, {0}, {3}, {0}, {0}});
  EXPECT_EQ(run.modes, (Modes{R, S, S, R, R, R, S}));
  EXPECT_EQ(run.activity[Count::kScoreQuantizations], 7U);
  EXPECT_EQ(run.activity[Count::kScoreComparisons], 6U);
}

TEST(SimilaritySkip, SkipsAboveTheThresholdAndNotAtIt) {
  // Of two active elements one differs, so S = 1/2. The third is zero now and does not count.
  EXPECT_EQ(run_small(one_layer(3), {skip_by_whole_part(), AsIs{}}, {{1, 1, 5}, {1, 2, 0}}).modes,
            (Modes{R, R}));
  SimilaritySkip lower = skip_by_whole_part();
  lower.threshold = 0.49;
  EXPECT_EQ(run_small(one_layer(3), {lower, AsIs{}}, {{1, 1, 5}, {1, 2, 0}}).modes, (Modes{R, S}));
}

TEST(SimilaritySkip, ComparesAdjacentStepsEvenWhenSkipped) {
  // Each step is compared with the step before, whether that was skipped or not.
  const std::vector<std::vector<float>> rows{{1}, {1.9F}, {2.1F}, {2.9F}, {3.1F}};
  EXPECT_EQ(run_small(one_layer(1), {skip_by_whole_part(), AsIs{}}, rows).modes,
            (Modes{R, S, R, S, R}));
}

TEST(SimilaritySkip, LooksAtTheNextFrameWhenRunningBackward) {
  const std::vector<std::vector<float>> rows{{1}, {1.5F}, {4}, {4.5F}, {4.5F}, {4.5F}};
  EXPECT_EQ(run_small(one_layer(1, kBackwardOnly), {skip_by_whole_part(), AsIs{}}, rows).modes,
            (Modes{S, R, R, S, S, R}));
}

TEST(SimilaritySkip, FloorsNegativeValuesAndSaturates) {
  // -0.25 and -0.75 share the upper bits of -1, 0.25 does not; 40 and 50 saturate at 16 bits alike.
  const std::vector<std::vector<float>> rows{{-0.25F}, {-0.75F}, {0.25F}, {40}, {50}, {-40}, {-50}};
  EXPECT_EQ(run_small(one_layer(1), {skip_by_whole_part(), AsIs{}}, rows).modes,
            (Modes{R, S, R, R, S, R, S}));
}

TEST(SimilaritySkip, CopiesTheStateOverSkippedSteps) {
  const SmallRun run = run_small(one_layer(1), {skip_by_whole_part(), AsIs{}}, {{1}, {1.5F}, {3}});
  const SmallRun shorter = run_small(one_layer(1), {}, {{1}, {3}});
  EXPECT_EQ(run.outputs,
            (std::vector<float>{shorter.outputs[0], shorter.outputs[0], shorter.outputs[1]}));
}

TEST(Operands, DoNotMoveOnSkippedSteps) {
  // The middle frame is skipped. If operands saw it, 2.1 would count as unchanged, since it has the
  // same centroid and lies within 0.5.
  const std::vector<std::vector<float>> rows{{1}, {1.9F}, {2.1F}};
  const Delta delta{.threshold_x = 0.5, .threshold_h = 0.1};
  const Reuse reuse{.clusters = 4, .range_min = 0, .range_max = 4};
  for (const OperandChoice& operand : {OperandChoice(delta), OperandChoice(reuse)}) {
    const SmallRun run = run_small(one_layer(1), {skip_by_whole_part(), operand}, rows);
    EXPECT_EQ(run.modes, (Modes{R, S, R}));
    EXPECT_EQ(run.activity[Count::kInputs], 2U);
    EXPECT_EQ(run.activity[Count::kInputsChanged], 2U);
    EXPECT_EQ(run.activity[Count::kOperandComparisons], 4U);
  }
}

TEST(Reuse, CountsEveryElementOfTheFirstStepAsChanged) {
  // The centroids are 0, 0.25, ..., 3.75. Here h stays within 0.125 of 0, so its index never
  // changes.
  Model model = one_layer(3);
  std::fill_n(std::get<RecurrentLayer>(model.layers[0]).weights[0].weight_ih.data(), 12, 0.0F);
  std::fill_n(std::get<RecurrentLayer>(model.layers[0]).weights[0].bias.data(), 4, 0.0F);
  const Reuse reuse{.clusters = 16, .range_min = 0, .range_max = 4};
  const SmallRun run =
      run_small(model, {EveryStep{}, reuse}, {{0, 1, 2}, {0, 1.1F, 2.2F}, {0.1F, 1, 2.1F}});
  // 2.2 leaves the centroid of 2, and 2.1 returns to it.
  EXPECT_EQ(run.activity[Count::kInputsChanged], 3U + 1U + 1U);
  EXPECT_EQ(run.activity[Count::kRecurrentInputsChanged], 1U);
  EXPECT_EQ(run.activity[Count::kOperandSubtractions], 2U);
  EXPECT_EQ(run.activity[Count::kOperandQuantizations], 12U);
  EXPECT_EQ(run.activity[Count::kInputsZero], 2U);
}

TEST(Reuse, RoundsHalfUpAndClampsToItsCentroids) {
  // The step is 1, and indices are -2 ... 1. -1.5 rounds up to -1 and 0.5 to 1; 9 is clamped to 1
  // and -9 to -2.
  const Reuse reuse{.clusters = 4, .range_min = -2, .range_max = 2};
  const std::vector<std::vector<float>> rows{{-1}, {-1.5F}, {0.5F}, {1}, {9}, {-9}, {-2}};
  const SmallRun run = run_small(one_layer(1), {EveryStep{}, reuse}, rows);
  EXPECT_EQ(run.activity[Count::kInputsChanged], 3U);  // the first, 0.5 and -9
}

TEST(Delta, PropagatesAtTheThresholdAgainstTheHeldValue) {
  // With a threshold of 0.25, 0.25 is propagated after 0; 0.375 and 0.125 are nearer to the held
  // 0.25; 0.5 is exactly 0.25 away and is propagated; the second 0.5 has not moved.
  const Delta delta{.threshold_x = 0.25, .threshold_h = 2};
  const std::vector<std::vector<float>> rows{{0.25F}, {0.375F}, {0.125F}, {0.5F}, {0.5F}};
  const SmallRun run = run_small(one_layer(1), {EveryStep{}, delta}, rows);
  EXPECT_EQ(run.activity[Count::kInputsChanged], 2U);
  EXPECT_EQ(run.activity[Count::kRecurrentInputsChanged], 0U);
  EXPECT_EQ(run.activity[Count::kMacsFp32], 2U * 4U);
  EXPECT_EQ(run.activity[Count::kOperandSubtractions], 10U);
}

TEST(Delta, CountsAnUnmovedElementAsUnchangedAtThresholdZero) {
  const SmallRun run =
      run_small(one_layer(2), {EveryStep{}, Delta{.threshold_x = 0, .threshold_h = 0}},
                {{0, 1}, {0, 1}, {2, 1}});
  EXPECT_EQ(run.activity[Count::kInputsChanged], 2U);
}

class RandomNetworks : public testing::TestWithParam<int> {
 protected:
  RandomNetworks() {
    model_ = random_stack(random_);
    batch_ = random_batch(random_, {1, 33, 2, 60, 32, 31}, model_.inputs());
  }
  BatchResult run(const OperatingPoint& point) {
    return make_cpu_engine(borrowed(model_), {.threads = 1})->run(batch_, point);
  }
  OperatingPoint everywhere(const LayerPolicy& policy) {
    OperatingPoint point = dense_point(model_);
    for (std::size_t l = 0; l < model_.layers.size(); ++l)
      if (std::holds_alternative<RecurrentLayer>(model_.layers[l])) point.layers[l] = policy;
    return point;
  }
  void expect_dense_outputs(const LayerPolicy& policy) {
    const BatchResult dense = run(dense_point(model_)), other = run(everywhere(policy));
    const auto wanted = dense.outputs.values.values(), got = other.outputs.values.values();
    EXPECT_TRUE(std::equal(wanted.begin(), wanted.end(), got.begin(), got.end()));
  }
  Random random_{static_cast<std::uint64_t>(GetParam())};
  Model model_;
  Ragged<float> batch_;
};

INSTANTIATE_TEST_SUITE_P(Seeds, RandomNetworks, testing::Range(100, 110));

TEST_P(RandomNetworks, ASkipThatNeverSkipsIsDenseBitForBit) {
  expect_dense_outputs({SimilaritySkip{.threshold = 1, .fraction_bits = 12}, AsIs{}});
  expect_dense_outputs(
      {SimilaritySkip{.threshold = -1, .max_consecutive = 0, .fraction_bits = 12}, AsIs{}});
}

TEST_P(RandomNetworks, DeltaWithThresholdsZeroIsDenseBitForBit) {
  expect_dense_outputs({EveryStep{}, Delta{.threshold_x = 0, .threshold_h = 0}});
}

TEST_P(RandomNetworks, DenseCountsAreTheClosedForms) {
  const BatchResult dense = run(dense_point(model_));
  for (Index n = 0; n < batch_.sequences(); ++n) {
    Activity closed = dense_counts(dense.activity[static_cast<std::size_t>(n)]);
    const Activity literal =
        literal_run(model_, dense_point(model_), std::as_const(batch_).sequence(n)).activity;
    for (std::size_t l = 0; l < closed.layers.size(); ++l) {
      const LayerShape& shape = closed.layers[l].shape;
      // The numbers of zeros depend on the data and have no closed form.
      for (Count zeros : {Count::kInputsZero, Count::kRecurrentInputsZero})
        closed.layers[l][zeros] = literal.layers[l][zeros];
      EXPECT_EQ(closed.layers[l], literal.layers[l]) << shape.name << " " << shape.direction;
      if (shape.kind != kLstm) continue;
      // P2, table 3: a step has 4n^2 + 4nm + 3n multiplications, 4n^2 + 4nm + 5n additions and 5n
      // nonlinearities.
      const auto m = static_cast<std::uint64_t>(shape.inputs),
                 h = static_cast<std::uint64_t>(shape.outputs);
      const auto steps = static_cast<std::uint64_t>(batch_.length(n));
      const LayerActivity& counts = literal.layers[l];
      EXPECT_EQ(counts.macs_executed() + counts[Count::kElementwiseMultiplications],
                steps * (4 * h * h + 4 * h * m + 3 * h));
      EXPECT_EQ(counts.macs_executed() + counts[Count::kElementwiseAdditions],
                steps * (4 * h * h + 4 * h * m + 5 * h));
      EXPECT_EQ(counts[Count::kNonlinearities], steps * 5 * h);
    }
  }
}

TEST_P(RandomNetworks, ExecutedAndAvoidedWorkMakeDense) {
  for (Kind kind : kKinds) {
    const BatchResult result = run(random_point(random_, model_, kind));
    for (const Activity& activity : result.activity)
      for (const LayerActivity& layer : activity.layers) {
        const auto rows = static_cast<std::uint64_t>(layer.shape.gates * layer.shape.outputs);
        const std::uint64_t unchanged = layer[Count::kInputs] - layer[Count::kInputsChanged] +
                                        layer[Count::kRecurrentInputs] -
                                        layer[Count::kRecurrentInputsChanged];
        const std::uint64_t skipped =
            layer[Count::kStepsSkipped] * static_cast<std::uint64_t>(layer.shape.macs_per_step());
        EXPECT_EQ(layer.macs_executed() + rows * unchanged + skipped, layer[Count::kMacsDense]);
        EXPECT_EQ(
            layer[Count::kStepsRun] + layer[Count::kStepsSkipped] + layer[Count::kStepsPseudo],
            layer[Count::kSteps]);
      }
  }
}

}  // namespace
}  // namespace edgeval::test
