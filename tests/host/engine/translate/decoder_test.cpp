// Compares the decoder in integers with its literal form, bit for bit, with every operand that has
// a literal form, and shows what does not change results.
#include "host/engine/translate/decoder.hpp"

#include <gtest/gtest.h>

#include "host/core/error.hpp"
#include "host/engine/translate/beam_search.hpp"
#include "host/layer/kinds.hpp"
#include "tests/literal/literal_fixed_translation.hpp"
#include "tests/support/borrowed.hpp"
#include "tests/support/random_case.hpp"

namespace edgeval::test {
namespace {

struct Case {
  TranslationModel model;
  OperatingPoint point;
  std::vector<Index> lengths;
  Ragged<float> embedded;
  SearchOptions options;
};

Case random_case(std::uint64_t seed, int sentences) {
  Random random(seed);
  Case all{.model = random_translation_model(seed),
           .point = {},
           .lengths = {},
           .embedded = {},
           .options = {}};
  const Model& network = all.model.network;
  all.point = dense_point(network);
  make_integer(
      random, random.of<IntegerKind>({IntegerKind::kInt16, IntegerKind::kInt8, IntegerKind::kBoth}),
      all.point);
  for (std::size_t i = network.stack().size(); i < network.layers.size(); ++i)
    all.point.layers[i].operand =
        random_operand(random, random.of<Kind>({kKinds.begin(), kKinds.end()}));
  for (int n = 0; n < sentences; ++n) all.lengths.push_back(random.skewed(1, 12));
  all.embedded = Ragged<float>(all.lengths, all.model.source_embedding.cols());
  for (Index row = 0; row < all.embedded.values.rows(); ++row) {
    const Index id = random.whole(0, all.model.source_embedding.rows() - 1);
    std::copy_n(all.model.source_embedding.row(id), all.embedded.cols(),
                all.embedded.values.row(row));
  }
  const double width = static_cast<double>(random.whole(1, 5));
  all.options = {.beam = random.of<Beam>({FixedBeam{width}, DynamicBeam{1, width, 0.2, 1.5}}),
                 .longest = 10};
  return all;
}

struct Searched {
  Encoded encoded;
  std::vector<SearchResult> results;
};

Searched search(const Case& all, const Ragged<float>& embedded) {
  DecoderWeights weights(borrowed(all.model));
  const Decoder decoder(weights, all.point);
  const auto engine = make_cpu_engine(borrowed(all.model.network), {.threads = 1});
  Searched searched{encode(*engine, embedded, all.point), {}};
  searched.results =
      beam_search(decoder, slice(searched.encoded, 0, embedded.sequences()), all.options);
  return searched;
}

// Returns what both forms count on the way. All other counts follow from shapes and steps.
LiteralWork counted(const LayerActivity& layer) {
  LiteralWork work;
  work.steps = layer[Count::kSteps];
  work.macs = layer.macs_executed();
  work.inputs_zero = layer[Count::kInputsZero];
  work.recurrent_inputs_zero = layer[Count::kRecurrentInputsZero];
  work.inputs_changed = layer[Count::kInputsChanged];
  work.recurrent_inputs_changed = layer[Count::kRecurrentInputsChanged];
  return work;
}

class IntegerDecoder : public testing::TestWithParam<int> {};
INSTANTIATE_TEST_SUITE_P(Seeds, IntegerDecoder, testing::Range(0, 120));

TEST_P(IntegerDecoder, IsItsLiteralFormBitForBit) {
  const Case all = random_case(static_cast<std::uint64_t>(5000 + GetParam()), 4);
  const Searched searched = search(all, all.embedded);
  for (std::size_t n = 0; n < all.lengths.size(); ++n) {
    const auto sentence = static_cast<Index>(n);
    const LiteralTranslation literal =
        literal_fixed_translation(all.model, all.point, searched.encoded.keys.sequence(sentence),
                                  searched.encoded.states, sentence, all.options);
    if (literal.closest_width < 1e-12) continue;
    const SearchResult& result = searched.results[n];
    EXPECT_EQ(result.best[0].tokens, literal.tokens) << "sentence " << n;
    EXPECT_EQ(result.best[0].score, literal.score);
    EXPECT_EQ(result.counts, literal.counts);
    for (const LayerActivity& layer : result.activity.layers) {
      if (layer.shape.kind == kAttention) continue;
      EXPECT_EQ(counted(layer), literal.work.at(layer.shape.name)) << layer.shape.name;
    }
  }
}

TEST_P(IntegerDecoder, DoesNotDependOnBatchAndOrder) {
  const Case all = random_case(static_cast<std::uint64_t>(7000 + GetParam()), 20);
  const Searched together = search(all, all.embedded);
  for (Index n = all.embedded.sequences() - 1; n >= 0; --n) {
    const Searched alone = search(all, slice(all.embedded, n, n + 1));
    const SearchResult &one = alone.results[0],
                       &other = together.results[static_cast<std::size_t>(n)];
    EXPECT_EQ(one.best[0].tokens, other.best[0].tokens);
    EXPECT_EQ(one.best[0].score, other.best[0].score);
    EXPECT_EQ(one.best[0].attended, other.best[0].attended);
    EXPECT_EQ(one.counts, other.counts);
    EXPECT_EQ(one.spreads, other.spreads);
    EXPECT_EQ(one.activity, other.activity);
  }
}

TEST(Decoder, RefusesAPlan) {
  const TranslationModel model = random_translation_model(3);
  OperatingPoint point = dense_point(model.network);
  point.layers[model.decoder[0]].plan = SimilaritySkip{.fraction_bits = 10};
  try {
    DecoderWeights weights(borrowed(model));
    const Decoder decoder(weights, point);
    FAIL() << "a plan was taken";
  } catch (const Error& error) {
    EXPECT_NE(
        std::string(error.what()).find("layer decoder1 is a decoder's and runs on every step"),
        std::string::npos)
        << error.what();
  }
}

}  // namespace
}  // namespace edgeval::test
