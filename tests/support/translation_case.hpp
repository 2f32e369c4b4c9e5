// Draws random decoders: models, choices for each of their layers, and what an encoder might give
// them.
#pragma once

#include "host/engine/translate/encoder.hpp"
#include "host/layer/kinds.hpp"
#include "tests/literal/literal_translation.hpp"
#include "tests/support/random_case.hpp"

namespace edgeval::test {

// Returns a random policy that this layer of a decoder can take. `floats` says whether fp32 is
// among the arithmetics.
inline LayerPolicy random_policy(Random& random, const Layer& layer, bool floats = true) {
  LayerPolicy policy{EveryStep{}, AsIs{}};
  std::vector<Arithmetic> arithmetics{
      Int16{{.input_bits = static_cast<double>(random.whole(11, 14))}},
      Int8{{.input_bits = static_cast<double>(random.whole(4, 6))}}};
  if (floats) arithmetics.push_back(Fp32{});
  policy.arithmetic = random.of<Arithmetic>(arithmetics);
  const auto* cells = std::get_if<RecurrentLayer>(&layer);
  std::vector<OperandChoice> operands{AsIs{}};
  if (cells == nullptr || !cells->form.reset_before) {
    for (int i = 0; i < 2; ++i)
      operands.push_back(random_operand(random, random.of<Kind>({kKinds.begin(), kKinds.end()})));
    if (cells != nullptr)
      operands.push_back(
          Memoized{.threshold = random.uniform(0, 0.5), .predictor = MemoPredictor::kBinary});
    if (cells != nullptr)
      operands.push_back(
          Memoized{.threshold = random.uniform(0, 0.5), .predictor = MemoPredictor::kOracle});
  }
  if (cells != nullptr && cells->kind == kLstm &&
      !std::holds_alternative<Int16>(policy.arithmetic)) {
    // With shares of 0, profiling and waiting take the fewest steps, whatever a sentence's length.
    operands.push_back(DynamicPrecision{
        .profiling_share = 0, .peak_share = 0, .stable_share = 0, .input_alpha = 2.3});
    operands.push_back(DynamicPrecision{.selector = PrecisionSelector::kRandom, .input_alpha = 2});
  }
  policy.operand = random.of<OperandChoice>(operands);
  if (cells != nullptr && random.chance(0.3)) policy.nonlinearity = Hard{};
  return policy;
}

inline OperatingPoint random_policies(Random& random, const TranslationModel& model,
                                      bool floats = true) {
  OperatingPoint point = dense_point(model.network);
  for (std::size_t i = model.network.stack().size(); i < point.layers.size(); ++i)
    point.layers[i] = random_policy(random, model.network.layers[i], floats);
  return point;
}

// Returns a random translation model. Some decoder layers have LSTM cells with peepholes, or GRU
// cells that reset before the product.
inline TranslationModel random_model(std::uint64_t seed) {
  TranslationModel model = random_translation_model(seed);
  Random random(seed + 1);
  for (std::size_t at : model.decoder) {
    auto& layer = std::get<RecurrentLayer>(model.network.layers[at]);
    if (random.chance(0.6)) continue;
    if (layer.kind == kGru) {
      layer.form.reset_before = true;
      continue;
    }
    layer.form.peepholes = true;
    layer.weights[0].diagonal = Matrix<float>(3, layer.cells);
    for (float& weight : layer.weights[0].diagonal.values())
      weight = static_cast<float>(random.uniform(-1, 1));
  }
  return model;
}

// Returns what an encoder might give for sentences of these lengths, without running one.
inline EncodedBatch random_given(Random& random, const TranslationModel& model,
                                 const std::vector<Index>& lengths, bool blank_states) {
  EncodedBatch given{Ragged<float>(lengths, model.keys()), {}};
  for (float& key : given.keys.values.values()) key = static_cast<float>(random.uniform(-1, 1));
  for (const Layer& layer : model.network.stack()) {
    for (std::vector<Matrix<float>>* states : {&given.states.h, &given.states.c}) {
      Matrix<float>& state = states->emplace_back(given.keys.sequences(), layer_outputs(layer));
      for (float& value : state.values())
        value = blank_states ? 0 : static_cast<float>(random.uniform(-1, 1));
    }
  }
  return given;
}

}  // namespace edgeval::test
