// What outlives the call that made it owns or shares what it uses (docs/architecture.md, "Who owns
// what"): each of these is left alone with its model, and lets go of it at its end.
#include <gtest/gtest.h>

#include <optional>

#include "host/engine/translate/beam_search.hpp"
#include "host/engine/translate/sentence_search.hpp"
#include "host/engine/translate/translator.hpp"
#include "tests/support/translation_case.hpp"

namespace edgeval::test {
namespace {

using Found = std::vector<std::vector<int>>;

Found best_tokens(const std::vector<SearchResult>& results) {
  Found tokens;
  for (const SearchResult& result : results) tokens.push_back(result.best.front().tokens);
  return tokens;
}

class Ownership : public testing::Test {
 protected:
  // run(thing) before and after all others have let go of the model.
  template <class Thing, class Run>
  void expect_to_keep_the_model(std::optional<Thing> thing, const Run& run) {
    const auto expected = run(*thing);
    weights_.reset();
    model_.reset();
    ASSERT_FALSE(watched_.expired());
    EXPECT_EQ(run(*thing), expected);
    thing.reset();
    EXPECT_TRUE(watched_.expired());
  }

  Random random_{71};
  std::shared_ptr<const TranslationModel> model_ =
      std::make_shared<const TranslationModel>(random_model(71));
  const std::weak_ptr<const TranslationModel> watched_ = model_;
  std::optional<DecoderWeights> weights_{model_};
  const OperatingPoint point_ = random_policies(random_, *model_);
  const EncodedBatch batch_ = random_given(random_, *model_, {4, 1, 7}, false);
};

TEST_F(Ownership, OfTheNetworkByAnEngine) {
  const Ragged<float> features = random_batch(random_, {5, 2}, model_->network.inputs());
  expect_to_keep_the_model(std::optional(make_cpu_engine(network_of(model_), {.threads = 1})),
                           [&](const std::unique_ptr<Engine>& engine) {
                             const BatchResult result = engine->run(features, point_);
                             return std::vector<float>(result.outputs.values.values().begin(),
                                                       result.outputs.values.values().end());
                           });
}

TEST_F(Ownership, OfTheModelByADecoderEngine) {
  expect_to_keep_the_model(std::optional(make_cpu_decoder_engine(model_, {.threads = 1})),
                           [&](const std::unique_ptr<DecoderEngine>& engine) {
                             return best_tokens(engine->search(batch_, point_, {}));
                           });
}

TEST_F(Ownership, OfTheModelByATranslator) {
  const std::vector<Sentence> sentences{{1, 0, 1}, {}, {2}};
  expect_to_keep_the_model(std::optional<Translator>(std::in_place, model_, EngineOptions{}),
                           [&](Translator& translator) {
                             Found tokens;
                             for (const Translation& each : translator.run(sentences, point_, {}))
                               tokens.push_back(each.search.best.front().tokens);
                             return tokens;
                           });
}

TEST_F(Ownership, OfModelAndPackedLayersByADecoder) {
  expect_to_keep_the_model(std::optional<Decoder>(std::in_place, *weights_, point_),
                           [&](const Decoder& decoder) {
                             return best_tokens(beam_search(decoder, slice(batch_, 0, 3), {}));
                           });
}

TEST_F(Ownership, OfModelAndPoliciesByADecodersCounts) {
  OperatingPoint point = dense_point(model_->network);
  std::optional<DecoderCounts> counts(std::in_place, model_, point);
  const Index bits = counts->blank().layers.front().shape.weight_bits;
  for (LayerPolicy& layer : point.layers) layer.arithmetic = Int8{{.input_bits = 5}};
  EXPECT_EQ(counts->blank().layers.front().shape.weight_bits, bits);
  expect_to_keep_the_model(std::move(counts), [](const DecoderCounts& of) { return of.blank(); });
}

TEST_F(Ownership, OfItsOptionsByTheSearchOfASentence) {
  SearchOptions options;
  const SentenceSearch search(options, 3);
  options.shortest = 5;
  EXPECT_EQ(search.barred(), -1);  // no token is barred
}

}  // namespace
}  // namespace edgeval::test
