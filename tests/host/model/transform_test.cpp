// Applies choices of weights to a whole model, and checks what changes, what does not, and what the
// accelerators then charge.
#include "host/model/transform.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "host/core/error.hpp"
#include "host/engine/counting.hpp"
#include "host/model/file.hpp"
#include "hwmodel/pricing.hpp"
#include "tests/support/paths.hpp"
#include "tests/support/safetensors.hpp"
#include "tests/support/speech_task.hpp"

namespace edgeval::test {
namespace {

Model two_layer_model() {
  return random_model({.inputs = 5,
                       .lstm = {{.cells = 3, .directions = kBothDirections},
                                {.cells = 33, .directions = kForwardOnly}},
                       .outputs = 7},
                      11);
}

std::vector<const Matrix<float>*> weight_matrices(const Model& model) {
  std::vector<const Matrix<float>*> all;
  for (const Layer& layer : model.layers) {
    if (const auto* lstm = std::get_if<RecurrentLayer>(&layer)) {
      for (const RecurrentWeights& weights : lstm->weights) {
        all.push_back(&weights.weight_ih);
        all.push_back(&weights.weight_hh);
      }
    } else {
      all.push_back(&std::get<LinearLayer>(layer).weight);
    }
  }
  return all;
}

std::vector<float> biases(const Model& model) {
  std::vector<float> all;
  const auto add = [&](const Matrix<float>& bias) {
    all.insert(all.end(), bias.values().begin(), bias.values().end());
  };
  for (const Layer& layer : model.layers) {
    if (const auto* lstm = std::get_if<RecurrentLayer>(&layer))
      for (const RecurrentWeights& weights : lstm->weights) add(weights.bias);
    else
      add(std::get<LinearLayer>(layer).bias);
  }
  return all;
}

bool equal(const Matrix<float>& a, const Matrix<float>& b) {
  return a.rows() == b.rows() && a.cols() == b.cols() && std::ranges::equal(a.values(), b.values());
}

Activity one_step(const Model& model) {
  Activity activity;
  for (const LayerShape& shape : layer_shapes(model))
    activity.layers.push_back(dense_counts(shape, 1, 10));
  return activity;
}

TEST(Transform, AsTrainedCopiesEverythingAndCostsTheSame) {
  const Model model = two_layer_model();
  const TransformedModel same = transform(model, AsTrained{});
  EXPECT_EQ(model_bytes(same.model), model_bytes(model));
  EXPECT_EQ(same.model.sha256, model.sha256);
  for (const MatrixReport& matrix : same.matrices) EXPECT_EQ(matrix.mean_squared_error, 0);
  // The arithmetic says with how many bits a weight is stored: with 8 in int8.
  for (LayerShape shape : layer_shapes(same.model)) {
    shape.weight_bits = 8;
    EXPECT_EQ(shape.stored_bits(), 8 * shape.weights());
  }
  const auto accelerators =
      hw::load_accelerators(source_folder() / "hwmodel/accelerators", kLayerKinds);
  ASSERT_FALSE(accelerators.empty());
  for (const hw::Accelerator& accelerator : accelerators) {
    if (hw::cannot_price(accelerator, one_step(model))) continue;  // it was made for integers
    EXPECT_EQ(hw::price(accelerator, one_step(same.model)).joules,
              hw::price(accelerator, one_step(model)).joules);
  }
}

TEST(Transform, WeightsChangeBiasesAndTheModelItselfDoNot) {
  const Model model = two_layer_model(), untouched = two_layer_model();
  const TransformedModel result = transform(model, Binary{});
  EXPECT_EQ(biases(result.model), biases(model));
  const auto before = weight_matrices(model), after = weight_matrices(result.model);
  for (std::size_t i = 0; i < before.size(); ++i) EXPECT_FALSE(equal(*before[i], *after[i]));
  EXPECT_EQ(model_bytes(model), model_bytes(untouched));
}

TEST(Transform, ReportsEveryMatrixInOrderWithItsErrorAndNonzeros) {
  const Model model = two_layer_model();
  const TransformedModel result =
      transform(model, Pruned{.share = 0.4, .scope = PruningScope::kGlobal});
  const auto before = weight_matrices(model), after = weight_matrices(result.model);
  ASSERT_EQ(result.matrices.size(), before.size());
  std::uint64_t weights = 0, nonzero = 0;
  for (std::size_t i = 0; i < before.size(); ++i) {
    const MatrixReport& report = result.matrices[i];
    EXPECT_EQ(report.rows, before[i]->rows());
    EXPECT_EQ(report.cols, before[i]->cols());
    double sum = 0;
    std::uint64_t kept = 0;
    for (Index r = 0; r < report.rows; ++r)
      for (Index c = 0; c < report.cols; ++c) {
        const double error =
            static_cast<double>((*after[i])(r, c)) - static_cast<double>((*before[i])(r, c));
        sum += error * error;
        kept += (*after[i])(r, c) != 0 ? 1 : 0;
      }
    EXPECT_DOUBLE_EQ(report.mean_squared_error, sum / static_cast<double>(before[i]->size()));
    EXPECT_EQ(report.nonzero, kept);
    weights += report.weights();
    nonzero += kept;
  }
  EXPECT_EQ(weights - nonzero,
            static_cast<std::uint64_t>(0.4 * static_cast<double>(weights) + 0.5));
  EXPECT_EQ(result.matrices[0].layer, "lstm1");
  EXPECT_EQ(result.matrices[0].direction, "forward");
  EXPECT_EQ(result.matrices[0].matrix, "weight_ih");
  EXPECT_EQ(result.matrices[3].direction, "backward");
  EXPECT_EQ(result.matrices[3].matrix, "weight_hh");
  EXPECT_EQ(result.matrices.back().layer, "output");
  EXPECT_EQ(result.matrices.back().direction, "none");
}

TEST(Transform, ShapesCarryTheBitsOfTheirMatricesAlsoWhenAppliedTwice) {
  const Model model = two_layer_model();
  const TransformedModel once = transform(model, Ternary{});
  const std::vector<LayerShape> shapes = layer_shapes(once.model);
  ASSERT_EQ(shapes.size(), 4U);
  // The matrices are 12 x 5 and 12 x 3 in lstm1, 132 x 6 and 132 x 33 in lstm2, and 7 x 33 in the
  // output layer. Each weight takes two bits, and each matrix a scale of 32 bits.
  EXPECT_EQ(shapes[0].stored_bits(), 2 * (60 + 36) + 2 * 32);
  EXPECT_EQ(shapes[1].stored_bits(), 2 * (60 + 36) + 2 * 32);
  EXPECT_EQ(shapes[2].stored_bits(), 2 * (132 * 6 + 132 * 33) + 2 * 32);
  EXPECT_EQ(shapes[3].stored_bits(), 2 * 7 * 33 + 32);
  EXPECT_EQ(layer_shapes(transform(once.model, Ternary{}).model), shapes);
  EXPECT_EQ(layer_shapes(transform(once.model, AsTrained{}).model)[3].stored_bits(), 32 * 7 * 33);
}

TEST(Transform, WeightsThatAreKeptAsTheyAreAreAsWideAsTheArithmetic) {
  const Model model = two_layer_model();
  const auto stored = [](const TransformedModel& changed, const Arithmetic& arithmetic) {
    return layer_shapes(changed.model.layers.back(), {EveryStep{}, AsIs{}, arithmetic})
        .at(0)
        .stored_bits();
  };
  // The output layer has 7 x 33 weights, each with a bit in the map.
  const TransformedModel pruned = transform(model, Pruned{.share = 0.5});
  const auto kept = static_cast<std::int64_t>(pruned.matrices.back().nonzero);
  ASSERT_GT(kept, 100);
  EXPECT_EQ(stored(pruned, Fp32{}), 7 * 33 + 32 * kept);
  EXPECT_EQ(stored(pruned, Int16{}), 7 * 33 + 16 * kept);
  EXPECT_EQ(stored(pruned, Int8{}), 7 * 33 + 8 * kept);
  // The output layer has 2 x 9 blocks.
  const TransformedModel circulant = transform(model, BlockCirculant{.block = 4});
  EXPECT_EQ(stored(circulant, Fp32{}), 32 * 2 * 9 * 4);
  EXPECT_EQ(stored(circulant, Int8{}), 8 * 2 * 9 * 4);
  // The scale has 32 bits whatever the arithmetic.
  const TransformedModel codes = transform(model, Ternary{});
  EXPECT_EQ(stored(codes, Int8{}), 2 * 7 * 33 + 32);
  EXPECT_EQ(stored(transform(model, AsTrained{}), Int16{}), 16 * 7 * 33);
}

TEST(Transform, TakesAProjectionAndLeavesWhatMultipliesCElementByElement) {
  const Model model =
      random_model({.inputs = 5,
                    .lstm = {{.cells = 3, .form = {.peepholes = true, .projection = 2}},
                             {.cells = 4, .kind = kSru}},
                    .outputs = 0},
                   1);
  const TransformedModel result = transform(model, Ternary{});
  ASSERT_EQ(result.matrices.size(), 4U);
  EXPECT_EQ(result.matrices[2].matrix, "weight_hr");
  EXPECT_EQ(result.matrices[3].layer, "sru2");
  for (std::size_t l = 0; l < 2; ++l) {
    const auto before = std::get<RecurrentLayer>(model.layers[l]).weights[0].diagonal.values();
    const auto after =
        std::get<RecurrentLayer>(result.model.layers[l]).weights[0].diagonal.values();
    EXPECT_TRUE(std::ranges::equal(before, after));
  }
  // The first layer has 12 x 5, 12 x 2 and 2 x 3 weights of two bits, each matrix with a scale, and
  // 3 x 3 floats. The second has 16 x 2 weights, of which 4 rows belong to the highway.
  const std::vector<LayerShape> shapes = layer_shapes(result.model);
  EXPECT_EQ(shapes[0].stored_bits(), 2 * (60 + 24 + 6) + 3 * 32 + 9 * 32);
  EXPECT_EQ(shapes[1].stored_bits(), 2 * 16 * 2 + 32 + 8 * 32);
}

TEST(Transform, AcceleratorsFetchAndLoadTheStoredBits) {
  const Model model = two_layer_model();
  // No byte is stored for the format, so that each weight takes exactly a quarter of 32 bits.
  const TransformedModel eight = transform(model, FixedPoint{.bits = 8, .integer_bits = 1});
  double weights = 0, biases = 0;
  for (const LayerShape& shape : layer_shapes(model)) {
    weights += static_cast<double>(shape.weights());
    biases += static_cast<double>(shape.biases());
  }
  for (const hw::Accelerator& accelerator :
       hw::load_accelerators(source_folder() / "hwmodel/accelerators", kLayerKinds)) {
    if (hw::cannot_price(accelerator, one_step(model))) continue;
    const hw::Price full = hw::price(accelerator, one_step(model));
    const hw::Price less = hw::price(accelerator, one_step(eight.model));
    for (std::size_t i = 0; i < full.components.size(); ++i) {
      if (full.components[i].component == "dram")
        EXPECT_NEAR(less.components[i].dynamic_joules / full.components[i].dynamic_joules,
                    (weights / 4 + biases) / (weights + biases), 1e-12);
      else if (full.components[i].component == "weight_memory")
        EXPECT_LT(less.components[i].dynamic_joules, 0.3 * full.components[i].dynamic_joules);
      else
        EXPECT_EQ(less.components[i].dynamic_joules, full.components[i].dynamic_joules);
    }
  }
}

TEST(Transform, TheModelThatShipsRecognisesSpeechUnderEveryChoice) {
  const Model trained =
      load_model(source_folder() / "datasets/spoken/speech-blstm3x128.safetensors");
  const data::TestSet set = data::open_test_set(source_folder() / "datasets/spoken", {.limit = 4});
  const auto words_wrong = [&](const Weights& weights) {
    const TransformedModel changed = transform(trained, weights);
    const Evaluation evaluation = evaluate_speech(changed.model, set, {dense_point(changed.model)});
    const std::optional<double> wer = evaluation.points[0].metrics[0].value;
    EXPECT_TRUE(wer.has_value() && std::isfinite(*wer));
    return wer.value_or(1000);
  };
  const double as_trained = words_wrong(AsTrained{});
  for (const Weights& gentle : {Weights(FixedPoint{.bits = 12}), Weights(MultiBit{.bits = 8}),
                                Weights(Balanced{.bits = 16}), Weights(Pruned{.share = 0.05}),
                                Weights(BlockCirculant{.block = 1}),
                                Weights(PowerOfTwo{.min_exponent = -12, .max_exponent = 3})})
    EXPECT_LE(words_wrong(gentle), as_trained + 30);
  for (const Weights& harsh :
       {Weights(Binary{}), Weights(Binary{.scale = Scale::kNone}), Weights(Ternary{}),
        Weights(Ternary{.rule = TernaryRule::kRound, .scale = Scale::kNone}), Weights(Quaternary{}),
        Weights(MultiBit{.bits = 1}), Weights(Balanced{.bits = 1}), Weights(Pruned{.share = 1}),
        Weights(BlockCirculant{.block = 64})})
    words_wrong(harsh);
}

}  // namespace
}  // namespace edgeval::test
