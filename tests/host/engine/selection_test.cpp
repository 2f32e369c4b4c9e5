// Compares memoization and dynamic precision with their literal loops on random networks (equal
// bits in integer arithmetic, equal decisions and 1e-5 in fp32) and on hand-made cases; and
// refusals.
#include <gtest/gtest.h>

#include <cmath>

#include "host/body/memo.hpp"
#include "host/core/error.hpp"
#include "host/engine/product/second_product.hpp"
#include "tests/literal/literal_selection.hpp"
#include "tests/literal/tolerance.hpp"
#include "tests/support/borrowed.hpp"
#include "tests/support/random_case.hpp"
#include "tests/support/refusal.hpp"
#include "tests/support/safetensors.hpp"

namespace edgeval::test {
namespace {

const std::vector<Arithmetic> kAll{Fp32{}, Int16{{.input_bits = 14}}, Int8{{.input_bits = 6}}};
const std::vector<Arithmetic> kEight{Fp32{}, Int8{{.input_bits = 6}}};

Model one_layer(Random& random) {
  const Index inputs = random.skewed(1, 40), cells = random.skewed(1, 40);
  const auto directions =
      random.of<std::vector<Direction>>({kForwardOnly, kBackwardOnly, kBothDirections});
  return random_model({.inputs = inputs,
                       .lstm = {{.cells = cells, .directions = directions}},
                       .outputs = 0,
                       .gain = static_cast<float>(random.uniform(0.5, 2))},
                      static_cast<std::uint64_t>(random.whole(0, 1 << 30)));
}

BatchResult run(const Model& model, const LayerPolicy& policy,
                const std::vector<Matrix<float>>& utterances) {
  return make_cpu_engine(borrowed(model), {.threads = 1, .chunk_bytes = 1 << 14})
      ->run(ragged(utterances, model.inputs()), {{policy}});
}

struct Tally {
  std::uint64_t computed = 0, memoized = 0, high = 0, low = 0;
};

// Compares those of four utterances on which no decision of `literal` is too close to call.
template <class Literal>
void expect_as_literal(Random& random, const Model& model, const LayerPolicy& policy,
                       Literal literal, Tally& tally) {
  const RecurrentLayer& layer = std::get<RecurrentLayer>(model.layers[0]);
  std::vector<Matrix<float>> utterances;
  std::vector<std::vector<LiteralSelection>> wanted;
  for (int draw = 0; draw < 4; ++draw) {
    Matrix<float> utterance = random_frames(random, random.skewed(1, 60), model.inputs());
    std::vector<LiteralSelection> directions;
    double margin = 1;
    for (std::size_t d = 0; d < layer.directions.size(); ++d) {
      directions.push_back(literal(layer, d, std::as_const(utterance).view()));
      margin = std::min(margin, directions.back().margin);
    }
    if (margin < kTooClose) continue;
    utterances.push_back(std::move(utterance));
    wanted.push_back(std::move(directions));
  }
  const BatchResult result = run(model, policy, utterances);
  const bool exact = !std::holds_alternative<Fp32>(policy.arithmetic);
  for (std::size_t n = 0; n < utterances.size(); ++n)
    for (std::size_t d = 0; d < layer.directions.size(); ++d) {
      const LiteralSelection& expected = wanted[n][d];
      const LayerActivity& activity = result.activity[n].layers[d];
      EXPECT_EQ(activity[Count::kNeuronsComputed], expected.computed);
      EXPECT_EQ(activity[Count::kNeuronsMemoized], expected.memoized);
      EXPECT_EQ(activity[Count::kElementsHigh], expected.high);
      EXPECT_EQ(activity[Count::kElementsLow], expected.low);
      tally.computed += expected.computed;
      tally.memoized += expected.memoized;
      tally.high += expected.high;
      tally.low += expected.low;
      const auto output = result.outputs.sequence(static_cast<Index>(n));
      for (Index t = 0; t < output.rows; ++t)
        for (Index j = 0; j < layer.cells; ++j) {
          const float got = output(t, static_cast<Index>(d) * layer.cells + j),
                      want = expected.output(t, j);
          if (exact)
            ASSERT_EQ(got, want) << "frame " << t << ", cell " << j;
          else
            ASSERT_NEAR(got, want, kTolerance) << "frame " << t << ", cell " << j;
        }
    }
}

class Selection : public testing::TestWithParam<int> {
 protected:
  Random random_{static_cast<std::uint64_t>(7000 + GetParam())};
};
INSTANTIATE_TEST_SUITE_P(Seeds, Selection, testing::Range(0, 12));

TEST_P(Selection, MemoizationIsItsLiteralLoop) {
  Tally tally;
  for (const Arithmetic& arithmetic : kAll)
    for (MemoPredictor predictor : {MemoPredictor::kBinary, MemoPredictor::kOracle}) {
      const Model model = one_layer(random_);
      const Memoized choice{.threshold = random_.of<double>({0.1, 0.3, 0.5, 1}),
                            .predictor = predictor};
      expect_as_literal(
          random_, model, {EveryStep{}, choice, arithmetic},
          [&](const RecurrentLayer& layer, std::size_t d, MatrixView<const float> input) {
            return literal_memoized(layer, d, arithmetic, choice, input);
          },
          tally);
    }
  EXPECT_GT(tally.memoized, 0U);
  EXPECT_GT(tally.computed, 0U);
}

TEST_P(Selection, DynamicPrecisionIsItsLiteralLoop) {
  Tally tally;
  for (const Arithmetic& arithmetic : kEight)
    for (Switch offset : {Switch::kOn, Switch::kOff}) {
      const Model model = one_layer(random_);
      const DynamicPrecision choice{.margin = random_.of<double>({0, 0.1, 0.3}),
                                    .profiling_share = random_.of<double>({0.05, 0.2}),
                                    .peak_share = random_.of<double>({0, 0.05, 0.1}),
                                    .stable_share = random_.of<double>({0.05, 0.3}),
                                    .offset_bit = offset,
                                    .input_alpha = random_.of<double>({1, 2, 2.5})};
      expect_as_literal(
          random_, model, {EveryStep{}, choice, arithmetic},
          [&](const RecurrentLayer& layer, std::size_t d, MatrixView<const float> input) {
            return literal_dynamic_precision(layer, d, arithmetic, choice, input);
          },
          tally);
    }
  EXPECT_GT(tally.low, 0U);
  EXPECT_GT(tally.high, 0U);
}

std::vector<float> values_of(const BatchResult& result) {
  const auto values = result.outputs.values.values();
  return {values.begin(), values.end()};
}

TEST_P(Selection, MemoizationBelowZeroIsDenseBitForBit) {  // binding decision 1
  const Model model = one_layer(random_);
  std::vector<Matrix<float>> utterances;
  for (Index frames : {1, 33, 7})
    utterances.push_back(random_frames(random_, frames, model.inputs()));
  for (const Arithmetic& arithmetic : kAll)
    for (MemoPredictor predictor : {MemoPredictor::kBinary, MemoPredictor::kOracle}) {
      const LayerPolicy policy{EveryStep{}, Memoized{.threshold = -1, .predictor = predictor},
                               arithmetic};
      EXPECT_EQ(values_of(run(model, policy, utterances)),
                values_of(run(model, {EveryStep{}, AsIs{}, arithmetic}, utterances)));
    }
}

TEST_P(Selection, RandomSelectorWithAllHighIsInt8BitForBit) {
  const Model model = one_layer(random_);
  std::vector<Matrix<float>> utterances;
  for (Index frames : {1, 33, 7})
    utterances.push_back(random_frames(random_, frames, model.inputs()));
  const Int8 int8{{.input_bits = 6}};
  const DynamicPrecision choice{
      .selector = PrecisionSelector::kRandom, .high_share = 1, .input_alpha = 2};
  EXPECT_EQ(values_of(run(model, {EveryStep{}, choice, int8}, utterances)),
            values_of(run(model, {EveryStep{}, AsIs{}, int8}, utterances)));
}

TEST_P(Selection, ExecutedAndAvoidedWorkMakeDense) {
  const Model model = one_layer(random_);
  std::vector<Matrix<float>> utterances;
  for (Index frames : {1, 33, 7})
    utterances.push_back(random_frames(random_, frames, model.inputs()));
  const DynamicPrecision random{
      .selector = PrecisionSelector::kRandom, .high_share = 0.4, .input_alpha = 2};
  const SimilaritySkip skip{.threshold = 0.4, .fraction_bits = 12};
  for (const OperandChoice& operand :
       {OperandChoice(Memoized{.threshold = 0.5}), OperandChoice(random)})
    for (const Activity& activity : run(model, {skip, operand, kEight[1]}, utterances).activity)
      for (const LayerActivity& layer : activity.layers) {
        const auto width = static_cast<std::uint64_t>(layer.shape.inputs + layer.shape.recurrent);
        const std::uint64_t avoided =
            layer[Count::kNeuronsMemoized] * width +
            layer[Count::kStepsSkipped] * static_cast<std::uint64_t>(layer.shape.macs_per_step());
        EXPECT_EQ(layer.macs_executed() + avoided, layer[Count::kMacsDense]);
      }
}

TEST_P(Selection, ResultsDoNotDependOnBatchThreadsOrChunks) {
  const Model model = one_layer(random_);
  std::vector<Matrix<float>> utterances;
  for (int n = 0; n < 70; ++n)
    utterances.push_back(random_frames(random_, random_.skewed(1, 40), model.inputs()));
  const Ragged<float> all = ragged(utterances, model.inputs());
  const DynamicPrecision peaks{.input_alpha = 2};
  const DynamicPrecision random{.selector = PrecisionSelector::kRandom, .input_alpha = 2};
  const SimilaritySkip skip{.threshold = 0.4, .fraction_bits = 12};
  for (const Arithmetic& arithmetic : kEight)
    for (const OperandChoice& operand :
         {OperandChoice(Memoized{.threshold = 0.5}), OperandChoice(peaks), OperandChoice(random)}) {
      const OperatingPoint point{{{skip, operand, arithmetic}}};
      const BatchResult together =
          make_cpu_engine(borrowed(model), {.threads = 2, .chunk_bytes = 1 << 12})->run(all, point);
      const auto engine = make_cpu_engine(borrowed(model), {.threads = 1});
      for (Index n = 0; n < all.sequences(); ++n) {
        const BatchResult alone = engine->run(slice(all, n, n + 1), point);
        EXPECT_EQ(alone.activity[0], together.activity[static_cast<std::size_t>(n)]);
        const auto values = alone.outputs.values.values();
        EXPECT_TRUE(std::equal(values.begin(), values.end(), together.outputs.sequence(n).data));
      }
    }
}

// Binding decision 3: memos and detectors, too, see a sequence without its skipped steps.
TEST_P(Selection, SkippedStepsDoNotMoveItsState) {
  const Model model = random_model(
      {.inputs = 3, .lstm = {{.cells = 9, .directions = kForwardOnly}}, .outputs = 0}, 5);
  std::vector<Matrix<float>> all, run_only;
  all.push_back(Matrix<float>(40, 3));
  run_only.push_back(Matrix<float>(20, 3));
  for (Index t = 0; t < 20; ++t)
    for (Index i = 0; i < 3; ++i)
      all[0](2 * t, i) = all[0](2 * t + 1, i) = run_only[0](t, i) =
          static_cast<float>((t % 2 == 0 ? 1 : -1) * random_.uniform(0.5, 2));
  const SimilaritySkip skip{
      .threshold = 0.9, .max_consecutive = 1, .shift = 4, .fraction_bits = 12};
  const DynamicPrecision precision{.input_alpha = 2};
  for (const OperandChoice& operand :
       {OperandChoice(Memoized{.threshold = 0.5}), OperandChoice(precision)}) {
    const BatchResult skipped = run(model, {skip, operand, kEight[1]}, all);
    const BatchResult gathered = run(model, {EveryStep{}, operand, kEight[1]}, run_only);
    ASSERT_EQ(skipped.activity[0].layers[0][Count::kStepsSkipped], 20U);
    for (Index t = 0; t < 40; ++t)
      for (Index j = 0; j < 9; ++j)
        EXPECT_EQ(skipped.outputs.sequence(0)(t, j), gathered.outputs.sequence(0)(t / 2, j));
    for (Count count : {Count::kNeuronsMemoized, Count::kElementsLow, Count::kElementsHigh})
      EXPECT_EQ(skipped.activity[0].layers[0][count], gathered.activity[0].layers[0][count]);
  }
}

TEST(Memoization, AccumulatesUntilTheThresholdAndForgetsAtAnEvaluation) {
  // While p_m is 4, each p of 5 adds an epsilon of 1/5.
  const Memoized::Rule rule = Memoized{.threshold = 0.5}.decision();
  Memoized::Rule::Memo memo;
  std::vector<bool> remembered;
  for (double p : {4, 5, 5, 5, 5, 4, 0, 0, 3}) remembered.push_back(rule.remembers(p, memo));
  // Changes add up to 0.2, 0.4 and 0.6, where the neuron is evaluated and p_m becomes 5. Changes of
  // 0 and 1/4 follow. That from 5 to 0 cannot be measured, from 0 to 0 is 0, and from 0 to 3 is 1.
  EXPECT_EQ(remembered,
            (std::vector<bool>{false, true, true, false, true, true, false, true, false}));
}

TEST(Memoization, OfTheOracleDoesNotAccumulate) {
  const Memoized::Rule rule =
      Memoized{.threshold = 0.25, .predictor = MemoPredictor::kOracle}.decision();
  Memoized::Rule::Memo memo;
  std::vector<bool> remembered;
  for (double p : {4, 5, 5, 5, 6}) remembered.push_back(rule.remembers(p, memo));
  EXPECT_EQ(remembered, (std::vector<bool>{false, true, true, true, false}));
}

TEST(Memoization, CountsEvaluatedNeuronsAndThePredictor) {
  // All frames are alike, so that every neuron is remembered once the signs of h stay.
  Model model = random_model(
      {.inputs = 2, .lstm = {{.cells = 1, .directions = kForwardOnly}}, .outputs = 0}, 7);
  std::vector<Matrix<float>> utterances;
  utterances.emplace_back(3, 2);
  for (float& value : utterances[0].values()) value = 1;
  const LayerPolicy policy{EveryStep{}, Memoized{.threshold = 1e9}, Fp32{}};
  const LayerActivity activity = run(model, policy, utterances).activity[0].layers[0];
  EXPECT_GE(activity[Count::kNeuronsComputed], 4U);
  EXPECT_EQ(activity[Count::kNeuronsComputed] + activity[Count::kNeuronsMemoized], 12U);
  EXPECT_EQ(activity[Count::kMacsFp32], activity[Count::kNeuronsComputed] * 3);
  EXPECT_EQ(activity[Count::kBinaryProducts], 3U * 4 * 3);
  EXPECT_EQ(activity[Count::kWeightWords1], 3U * 4 * 3);
  EXPECT_EQ(activity[Count::kOperandComparisons], 8U);
}

int sign_weights_at(float value) {
  Matrix<float> weight(1, 1);
  weight(0, 0) = value;
  return weights_in_form(weight, WeightForm::kSignsOfFloats).codes(0, 0);
}

TEST(Memoization, TakesZeroOfEitherSignAsPositive) {  // binding decision 9
  EXPECT_EQ(sign_of(-0.0F), 1);
  EXPECT_EQ(sign_weights_at(-0.0F), 1);
  EXPECT_EQ(sign_weights_at(0.0F), 1);
  EXPECT_EQ(sign_weights_at(-1e-30F), -1);
}

TEST(DynamicPrecision, RoundsFourBitsOfEight) {
  const DynamicPrecision on{}, off{.offset_bit = Switch::kOff};
  EXPECT_EQ(on.low_code(127), 7);  // not 8
  EXPECT_EQ(on.low_code(8), 1);
  EXPECT_EQ(on.low_code(7), 0);
  EXPECT_EQ(on.low_code(-8), 0);
  EXPECT_EQ(on.low_code(-9), -1);
  EXPECT_EQ(on.low_code(-128), -8);
  EXPECT_EQ(off.low_code(127), 7);
  EXPECT_EQ(off.low_code(8), 0);
  EXPECT_EQ(off.low_code(-1), -1);
}

TEST(DynamicPrecision, StoresWeightsAsNibblesAndAnOffsetBit) {
  Matrix<float> weight(1, 6);
  const float values[] = {1,       -1,    0.5F,
                          0.0625F, 0.06F, -0.0703125F};  // alpha = 1: q8 = 1/128, q4 = 1/8
  std::copy_n(values, 6, weight.data());
  const auto codes = [&](WeightForm form) {
    const FixedWeights stored = weights_in_form(weight, form);
    return std::vector<int>(stored.codes.data(), stored.codes.data() + 6);
  };
  EXPECT_EQ(codes(WeightForm::kAlpha8Bits), (std::vector<int>{127, -128, 64, 8, 8, -9}));
  EXPECT_EQ(codes(WeightForm::kAlpha4Bits), (std::vector<int>{7, -8, 4, 1, 0, -1}));
  EXPECT_EQ(codes(WeightForm::kAlpha4BitsCut), (std::vector<int>{7, -8, 4, 0, 0, -1}));
}

// A code is round(v / step), half away from zero, within -128 ... 127, with a step of alpha / 128.
TEST(DynamicPrecision, MakesCodesOf8BitsUnderFloats) {
  const auto codes = [](double alpha, std::vector<float> values) {
    const DynamicPrecision choice{.input_alpha = alpha};
    const EightBitCodes rule = EightBitCodes::of(eight_bit_step(choice, Source::kInput),
                                                 eight_bit_step(choice, Source::kRecurrent));
    for (float& value : values) value = rule.seen(value, Source::kInput);
    return values;
  };
  using Codes = std::vector<float>;
  EXPECT_EQ(codes(1, {0.00390625F, -0.00390625F, 0.0039F, 1, -1, 2, -2}),  // first two: half steps
            (Codes{1, -1, 0, 127, -128, 127, -128}));
  EXPECT_EQ(codes(3, {3, -3, 1.5F, 0.0117F, 0.0118F, -0.0118F, 0}),
            (Codes{127, -128, 64, 0, 1, -1, 0}));
  EXPECT_EQ(codes(0, {0, 1, -1}), (Codes{0, 0, 0}));
  EXPECT_EQ(codes(1e-40, {0, 1, -1}), (Codes{0, 127, -128}));
  EXPECT_EQ(codes(1e30, {0, 1e30F, -1e30F, 1}), (Codes{0, 127, -128, 0}));
  const EightBitCodes h = EightBitCodes::of(7, 1.0 / 128);
  EXPECT_EQ(h.seen(0.5F, Source::kRecurrent), 64);
}

// A sum and its offset may each exceed 32 bits as long as their total does not.
TEST(DynamicPrecision, PutsSumsOf8BitsTogetherExactly) {
  const float bias = 0.5F;
  const std::int64_t offset = std::int64_t{-2'147'483'647} - 100;
  const QuantizedNumbers numbers{{&bias, nullptr, nullptr}, &offset, &offset, 0.25F, 2};
  const std::int32_t wx = 2'147'483'647, uh = 2'147'483'600;  // totals -100 and -147
  EXPECT_EQ(numbers.preactivation(wx, uh, 0), 0.25F * -100 + 2.0F * -147 + 0.5F);
}

// The output of an integer linear layer is rounded once, from 64 bits: 2^60 + 2^36 + 1 lies above
// the middle between two floats, to which rounding to double first would move it.
TEST(FixedNumbers, RoundTheirValuesOnce) {
  const std::int64_t bias = (std::int64_t{1} << 60) + (std::int64_t{1} << 36);
  FixedNumbers<std::int64_t> numbers{};
  numbers.bias = &bias;
  numbers.inverse = 0x1p-40F;
  EXPECT_EQ(numbers.value(1, 0), 0x1p20F + 0x1p-3F);
  EXPECT_EQ(numbers.value(0, 0), 0x1p20F);  // the middle itself is rounded to even
  EXPECT_EQ(numbers.value(-1, 0), 0x1p20F);
}

TEST(DynamicPrecision, FollowsThePeaksOfTheCellState) {
  // With 20 steps T is 2, M and N are 1. Values 0 and 1 in the profile and a margin of 0.1 give the
  // bounds -0.1 and 1.1.
  const DynamicPrecision::Rule machine = DynamicPrecision{}.machine(20);
  EXPECT_EQ(machine.profiling, 2);
  EXPECT_EQ(machine.most_peak, 1);
  EXPECT_EQ(machine.most_stable, 1);
  DynamicPrecision::Detector<float> element;
  std::vector<int> bits;
  for (float c : {0.F, 1.F, 1.05F, 1.2F, 1.3F, 0.5F, 2.F, 2.F, 2.F, 5.F, 5.F, 5.F}) {
    bits.push_back(element.eight_bits ? 8 : 4);
    machine.next(c, element);
  }
  // 1.2 and 2.0 are found to be peaks only after an evaluation with 4 bits. The third 2.0 exhausts
  // the time of a peak, so that a new profile begins, with values 5 and 5 and so bounds 5 and 5.
  EXPECT_EQ(bits, (std::vector<int>{4, 4, 4, 4, 8, 8, 4, 8, 8, 4, 4, 4}));
  EXPECT_EQ(element.low, 5);
  EXPECT_EQ(element.high, 5);
}

TEST(DynamicPrecision, OfASequenceShorterThanItsProfileIsAllLow) {
  Random random(3);
  const Model model = one_layer(random);
  std::vector<Matrix<float>> utterances;
  utterances.push_back(random_frames(random, 2, model.inputs()));
  const LayerActivity activity =
      run(model, {EveryStep{}, DynamicPrecision{.input_alpha = 2}, Fp32{}}, utterances)
          .activity[0]
          .layers[0];
  EXPECT_EQ(activity[Count::kElementsHigh], 0U);
  EXPECT_EQ(activity[Count::kMacs4x4], activity[Count::kMacsDense]);
  EXPECT_EQ(activity[Count::kWeightWords5], activity[Count::kMacsDense]);
}

std::string refused_point(const Model& model, std::size_t layer, const LayerPolicy& policy) {
  OperatingPoint point = dense_point(model);
  point.layers[layer] = policy;
  return refusal([&] { check_point(model, point); });
}

TEST(Selections, WithoutMeaningAreRefused) {
  const Model model = random_model({.inputs = 2, .lstm = {{.cells = 3}}, .outputs = 2}, 1);
  const DynamicPrecision precision{.input_alpha = 1};
  EXPECT_NE(refused_point(model, 1, {EveryStep{}, Memoized{}, Fp32{}}).find("linear"),
            std::string::npos);
  EXPECT_NE(refused_point(model, 1, {EveryStep{}, precision, Fp32{}}).find("linear"),
            std::string::npos);
  EXPECT_NE(
      refused_point(model, 0, {EveryStep{}, precision, Int16{{.input_bits = 12}}}).find("int16"),
      std::string::npos);
  EXPECT_NE(refused_point(model, 0, {EveryStep{}, DynamicPrecision{}, Fp32{}}).find("input_alpha"),
            std::string::npos);
  EXPECT_EQ(refused_point(model, 0, {EveryStep{}, precision, Fp32{}}), "accepted");
}

}  // namespace
}  // namespace edgeval::test
