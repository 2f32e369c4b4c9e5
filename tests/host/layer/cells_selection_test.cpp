// Compares memoization, dynamic precision and pseudo-skips with their literal loops on every kind
// of cell that allows them. Combinations that the equations of the cells rule out are refused.
#include <gtest/gtest.h>

#include <cmath>

#include "host/core/error.hpp"
#include "tests/literal/literal_pseudo.hpp"
#include "tests/literal/literal_selection.hpp"
#include "tests/literal/tolerance.hpp"
#include "tests/support/borrowed.hpp"
#include "tests/support/cells.hpp"
#include "tests/support/refusal.hpp"

namespace edgeval::test {
namespace {

constexpr int kNetworks = 6;

class CellsSelection : public testing::TestWithParam<NamedCell> {
 protected:
  // Draws a model of one layer. For half of the draws inputs are as many as cells, with which an
  // SRU has no highway matrix.
  Model draw(Random& random) const {
    std::vector<RecurrentSpec> layers = random_cell_layers(random, GetParam(), 1);
    const Index inputs = random.chance(0.5) ? layers.front().cells : random.skewed(1, 40);
    return random_model({.inputs = inputs,
                         .lstm = std::move(layers),
                         .outputs = 0,
                         .gain = static_cast<float>(random.uniform(0.5, 1.5))},
                        static_cast<std::uint64_t>(random.whole(0, 1 << 30)));
  }
  void expect_refused(const LayerPolicy& policy) const {
    Random random(5000);
    EXPECT_THROW(check_point(draw(random), {{policy}}), Error);
  }
  bool in_halves() const { return GetParam().in_halves(); }
  bool has_c() const { return GetParam().has_c(); }
  bool projects() const { return GetParam().form.projection > 0; }
};
INSTANTIATE_TEST_SUITE_P(EveryCell, CellsSelection, testing::ValuesIn(every_cell()),
                         [](const auto& info) { return info.param.name; });

BatchResult run(const Model& model, const LayerPolicy& policy, const Matrix<float>& frames) {
  std::vector<Matrix<float>> utterances;
  utterances.push_back(frames.clone());
  return make_cpu_engine(borrowed(model), {.threads = 1, .chunk_bytes = 1 << 13})
      ->run(ragged(utterances, model.inputs()), {{policy}});
}

void expect_outputs(MatrixView<const float> output, const Matrix<float>& wanted, Index first,
                    bool exact) {
  for (Index t = 0; t < wanted.rows(); ++t)
    for (Index j = 0; j < wanted.cols(); ++j) {
      const float got = output(t, first + j), want = wanted(t, j);
      if (exact)
        ASSERT_EQ(got, want) << "frame " << t << ", output " << j;
      else
        ASSERT_NEAR(got, want, kTolerance * std::max(1.0F, std::abs(want)))
            << "frame " << t << ", output " << j;
    }
}

// Compares one utterance with its literal form, `literal(layer, direction, frames)`. Leaves out a
// direction in which a decision is too close to call.
template <class Literal, class Compare>
void expect_as_literal(const Model& model, const LayerPolicy& policy, const Matrix<float>& frames,
                       Literal literal, Compare compare) {
  const RecurrentLayer& layer = std::get<RecurrentLayer>(model.layers[0]);
  const BatchResult result = run(model, policy, frames);
  for (std::size_t d = 0; d < layer.directions.size(); ++d) {
    const LiteralSelection wanted = literal(layer, d, frames.view());
    if (wanted.margin < kTooClose) continue;
    compare(result.activity[0].layers[d], wanted);
    expect_outputs(result.outputs.sequence(0), wanted.output, static_cast<Index>(d) * layer.width(),
                   !std::holds_alternative<Fp32>(policy.arithmetic));
  }
}

TEST_P(CellsSelection, MemoizationIsItsLiteralLoop) {
  if (in_halves()) return expect_refused({EveryStep{}, Memoized{}});
  std::uint64_t memoized = 0;
  for (const Arithmetic& arithmetic :
       std::vector<Arithmetic>{Fp32{}, Int16{{.input_bits = 14}}, Int8{{.input_bits = 6}}})
    for (int network = 0; network < kNetworks; ++network) {
      Random random(5100 + static_cast<std::uint64_t>(network));
      const Model model = draw(random);
      const Memoized choice{
          .threshold = random.of<double>({0.3, 0.6, 1}),
          .predictor = random.chance(0.5) ? MemoPredictor::kBinary : MemoPredictor::kOracle};
      expect_as_literal(
          model, {EveryStep{}, choice, arithmetic},
          random_frames(random, random.skewed(2, 40), model.inputs()),
          [&](const RecurrentLayer& layer, std::size_t d, MatrixView<const float> input) {
            return literal_memoized(layer, d, arithmetic, choice, input);
          },
          [&](const LayerActivity& activity, const LiteralSelection& wanted) {
            EXPECT_EQ(activity[Count::kNeuronsComputed], wanted.computed);
            EXPECT_EQ(activity[Count::kNeuronsMemoized], wanted.memoized);
            const LayerShape& shape = activity.shape;
            EXPECT_EQ(
                activity.macs_executed(),
                wanted.computed *
                        static_cast<std::uint64_t>(shape.product_inputs() + shape.recurrent) +
                    activity[Count::kSteps] * static_cast<std::uint64_t>(shape.projection_macs()));
            memoized += wanted.memoized;
          });
    }
  EXPECT_GT(memoized, 0U);
}

TEST_P(CellsSelection, DynamicPrecisionIsItsLiteralLoop) {
  if (!has_c() || projects())
    return expect_refused({EveryStep{}, DynamicPrecision{.input_alpha = 1}});
  std::uint64_t high = 0, low = 0;
  for (const Arithmetic& arithmetic : std::vector<Arithmetic>{Fp32{}, Int8{{.input_bits = 6}}})
    for (int network = 0; network < kNetworks; ++network) {
      Random random(5200 + static_cast<std::uint64_t>(network));
      const Model model = draw(random);
      const DynamicPrecision choice{.margin = random.of<double>({0, 0.1}),
                                    .profiling_share = random.of<double>({0.05, 0.2}),
                                    .input_alpha = 2};
      expect_as_literal(
          model, {EveryStep{}, choice, arithmetic},
          random_frames(random, random.skewed(5, 60), model.inputs()),
          [&](const RecurrentLayer& layer, std::size_t d, MatrixView<const float> input) {
            return literal_dynamic_precision(layer, d, arithmetic, choice, input);
          },
          [&](const LayerActivity& activity, const LiteralSelection& wanted) {
            EXPECT_EQ(activity[Count::kElementsHigh], wanted.high);
            EXPECT_EQ(activity[Count::kElementsLow], wanted.low);
            high += wanted.high;
            low += wanted.low;
          });
    }
  EXPECT_GT(high, 0U);
  EXPECT_GT(low, 0U);
}

TEST_P(CellsSelection, PseudoSkipIsItsLiteralLoop) {
  constexpr int kInputBits = 13;
  if (in_halves())
    return expect_refused(
        {SimilaritySkip{.fraction_bits = 12, .pseudo_threshold = 0.3, .delta_scale = 0.125}, AsIs{},
         Int16{{.input_bits = kInputBits}}});
  std::uint64_t macs8 = 0;
  for (int network = 0; network < 2 * kNetworks; ++network) {
    Random random(5300 + static_cast<std::uint64_t>(network));
    const Model model = draw(random);
    const RecurrentLayer& layer = std::get<RecurrentLayer>(model.layers[0]);
    const SimilaritySkip skip{.threshold = random.of<double>({0.6, 0.8, 1}),
                              .max_consecutive = random.of<double>({0, 1, 2}),
                              .shift = static_cast<double>(random.whole(8, 11)),
                              .fraction_bits = 12,
                              .pseudo_threshold = random.of<double>({-1, 0.1, 0.3}),
                              .pseudo_clip = random.of<double>({0, 0.01, 0.1}),
                              .delta_scale = random.of<double>({0x1p-8, 0x1p-6})};
    const Delta delta{.threshold_x = random.uniform(0, 0.3), .threshold_h = random.uniform(0, 0.1)};
    const Delta* operand = random.chance(0.5) ? &delta : nullptr;
    const OperandChoice choice = operand == nullptr ? OperandChoice(AsIs{}) : OperandChoice(delta);
    const Matrix<float> frames = random_frames(random, random.skewed(2, 50), model.inputs());
    const BatchResult result =
        run(model, {skip, choice, Int16{{.input_bits = kInputBits}}}, frames);
    for (std::size_t d = 0; d < layer.directions.size(); ++d) {
      const LiteralPseudo wanted =
          literal_pseudo(layer, d, kInputBits, skip, operand, frames.view());
      EXPECT_EQ(result.activity[0].layers[d][Count::kMacs16x16], wanted.macs16);
      EXPECT_EQ(result.activity[0].layers[d][Count::kMacs8x8], wanted.macs8);
      expect_outputs(result.outputs.sequence(0), wanted.output,
                     static_cast<Index>(d) * layer.width(), true);
      macs8 += wanted.macs8;
    }
  }
  EXPECT_GT(macs8, 0U);
}

std::string refused_policy(const Model& model, const LayerPolicy& policy) {
  return refusal([&] { check_point(model, {{policy}}); });
}

Model one_layer(LayerKind kind, const CellForm& form) {
  return random_model(
      {.inputs = 2, .lstm = {{.cells = 3, .kind = kind, .form = form}}, .outputs = 0}, 1);
}

TEST(CellsRefusal, AGruThatResetsBeforeTheProductTakesNoOtherOperandAndNoPseudoSkip) {
  const Model model = one_layer(kGru, {.reset_before = true});
  const std::vector<OperandChoice> operands{
      Delta{}, Reuse{.clusters = 16, .range_min = -1, .range_max = 1}, Memoized{}};
  for (const OperandChoice& operand : operands) {
    const std::string name =
        std::visit([](const auto& choice) { return std::string(choice.kName); }, operand);
    const std::string message = refused_policy(model, {EveryStep{}, operand});
    EXPECT_NE(message.find("layer gru1 (gru), " + name), std::string::npos) << message;
    EXPECT_NE(message.find("reset gate scales h before the product"), std::string::npos) << message;
  }
  const SimilaritySkip pseudo{.fraction_bits = 12, .pseudo_threshold = 0.3, .delta_scale = 0.125};
  const std::string message = refused_policy(model, {pseudo, AsIs{}, Int16{{.input_bits = 13}}});
  EXPECT_NE(message.find("no difference that a pseudo-skip could add"), std::string::npos)
      << message;
  EXPECT_EQ(refused_policy(
                model, {SimilaritySkip{.fraction_bits = 12}, AsIs{}, Int16{{.input_bits = 13}}}),
            "accepted");
}

TEST(CellsRefusal, DynamicPrecisionNeedsACellStateAndNoProjection) {
  const DynamicPrecision precision{.input_alpha = 1};
  const std::string gru = refused_policy(one_layer(kGru, {}), {EveryStep{}, precision});
  EXPECT_NE(gru.find("cell state c, which these cells have not"), std::string::npos) << gru;
  const std::string projection =
      refused_policy(one_layer(kLstm, {.projection = 2}), {EveryStep{}, precision});
  EXPECT_NE(projection.find("a projection multiplies all cells at once"), std::string::npos)
      << projection;
  EXPECT_EQ(refused_policy(one_layer(kSru, {}), {EveryStep{}, precision}), "accepted");
}

}  // namespace
}  // namespace edgeval::test
