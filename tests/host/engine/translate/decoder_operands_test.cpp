// With every operand and arithmetic, the steps of a decoder's layer are those of the engine, and
// what a row remembers follows its hypothesis through the beam.
#include <gtest/gtest.h>

#include <map>

#include "host/engine/translate/beam_search.hpp"
#include "tests/support/borrowed.hpp"
#include "tests/support/translation_case.hpp"

namespace edgeval::test {
namespace {

// Keeps, for each layer, the inputs and outputs of all steps, one after the other.
class Recorder : public LayerObserver {
 public:
  struct Rows {
    std::vector<float> x, y;
    Index steps = 0;
  };
  void on_layer(Index layer, const Ragged<float>& x, const Ragged<float>& y) override {
    Rows& rows = layers[static_cast<std::size_t>(layer)];
    rows.steps += x.sequences();
    rows.x.insert(rows.x.end(), x.values.data(), x.values.data() + x.values.size());
    rows.y.insert(rows.y.end(), y.values.data(), y.values.data() + y.values.size());
  }
  std::map<std::size_t, Rows> layers;
};

class DecoderOperands : public testing::TestWithParam<int> {};
INSTANTIATE_TEST_SUITE_P(Seeds, DecoderOperands, testing::Range(0, 120));

// With one hypothesis the steps of a layer are a sequence that the engine can run.
TEST_P(DecoderOperands, AreThoseOfTheEngineOnTheSameInputs) {
  const auto seed = static_cast<std::uint64_t>(9000 + GetParam());
  Random random(seed);
  const TranslationModel model = random_model(seed);
  if (model.bridge.hidden) return;  // with its bias the first state would not be zero
  const OperatingPoint point = random_policies(random, model);
  DecoderWeights weights(borrowed(model));
  const Decoder decoder(weights, point);
  EncodedBatch given = random_given(random, model, {7}, true);
  Recorder recorder;
  const SearchResult result =
      beam_search(decoder, std::move(given), {.beam = FixedBeam{1}, .longest = 25}, &recorder)[0];
  TranslationModel again = random_model(seed);
  for (std::size_t at = model.network.stack().size(); at < model.network.layers.size(); ++at) {
    if (at == model.generator || at == model.attention.output || at == model.attention.context)
      continue;  // the decoder runs these layers in another way
    const Recorder::Rows& rows = recorder.layers.at(at);
    Model alone;
    alone.layers.push_back(std::move(again.network.layers[at]));
    const Index inputs = layer_inputs(alone.layers[0]);
    const std::vector<Index> lengths{rows.steps};
    Ragged<float> input(lengths, inputs);
    std::copy(rows.x.begin(), rows.x.end(), input.values.data());
    const auto engine = make_cpu_engine(borrowed(alone), {.threads = 1});
    const BatchResult expected = engine->run(input, OperatingPoint{{point.layers[at]}});
    EXPECT_TRUE(std::equal(rows.y.begin(), rows.y.end(), expected.outputs.values.data()))
        << layer_name(alone.layers[0]);
    EXPECT_EQ(result.activity.layers[at - model.network.stack().size()].counts,
              expected.activity[0].layers[0].counts)
        << layer_name(alone.layers[0]);
  }
}

// In a beam, rows fork, move and end, yet the best hypothesis has the score that it has when it is
// decoded alone.
TEST_P(DecoderOperands, FollowTheirHypothesis) {
  const auto seed = static_cast<std::uint64_t>(11000 + GetParam());
  Random random(seed);
  const TranslationModel model = random_model(seed);
  const OperatingPoint point = random_policies(random, model);
  DecoderWeights weights(borrowed(model));
  const Decoder decoder(weights, point);
  const std::vector<Index> lengths{5, 1, 9, 3};
  const EncodedBatch given = random_given(random, model, lengths, false);
  const auto results =
      beam_search(decoder, slice(given, 0, 4), {.beam = FixedBeam{4}, .longest = 12});
  std::vector<Activity> activity(4, decoder.counts().blank());
  const DecoderRecord record{activity};
  const DecoderMemory memory = decoder.remember(slice(given.keys, 0, 4), record);
  for (Index n = 0; n < 4; ++n) {
    const Hypothesis& best = results[static_cast<std::size_t>(n)].best[0];
    DecoderState state = decoder.start(given.states, memory, record);
    state = state.gather(std::vector<Index>{n});
    std::vector<int> tokens = best.tokens;
    if (best.ended) tokens.push_back(static_cast<int>(*model.target.eos));
    Matrix<float> log_probabilities;
    std::vector<Index> attended;
    float sum = 0;
    int before = static_cast<int>(*model.target.bos);
    for (std::size_t t = 0; t < tokens.size(); ++t) {
      const Decoder::Row row{n, before};
      decoder.step(memory, std::span(&row, 1), state, log_probabilities, attended, record);
      state = state.gather(std::vector<Index>{0});
      sum += log_probabilities(0, tokens[t]);
      if (t < best.attended.size()) {
        EXPECT_EQ(attended[0], best.attended[t]);
      }
      before = tokens[t];
    }
    EXPECT_EQ(sum, best.log_probability);
  }
}

}  // namespace
}  // namespace edgeval::test
