// Compares translation on the GPU with the CPU, which is the definition. In integers everything
// that a search gives has the same bits, counts included; in fp32, whose products round
// differently, the answers agree within a tolerance.
#include <gtest/gtest.h>

#include <cmath>

#include "host/core/error.hpp"
#include "host/engine/translate/translator.hpp"
#include "tests/support/borrowed.hpp"
#include "tests/support/gpu.hpp"
#include "tests/support/searches.hpp"
#include "tests/support/translation_case.hpp"

namespace edgeval::test {
namespace {

std::vector<Index> random_lengths(Random& random, int sentences) {
  std::vector<Index> lengths;
  for (int n = 0; n < sentences; ++n) lengths.push_back(random.skewed(1, 12));
  return lengths;
}

class GpuTranslation : public testing::TestWithParam<int> {
 protected:
  void SetUp() override { EDGEVAL_NEEDS_GPU(); }
  // On the stand-in every EDGEVAL_STANDIN_SEED gives other seeds.
  std::uint64_t seed() const {
    return static_cast<std::uint64_t>(GetParam()) + 6 * (standin_turn() % 4);
  }
};
INSTANTIATE_TEST_SUITE_P(Seeds, GpuTranslation, testing::Range(0, kOnStandin ? 6 : 24));

// The draws cover every operand, choice of sums, kind of attention, bridge, beam, penalty and
// limit.
TEST_P(GpuTranslation, IsTheCpusInIntegersBitForBit) {
  Random random(12000 + seed());
  const TranslationModel model = random_model(12000 + seed());
  const auto cpu = make_cpu_decoder_engine(borrowed(model), {.threads = 1});
  const auto gpu = gpu::make_decoder_engine(borrowed(model));
  for (int sentences : {1, 9, 40}) {  // on one engine, point after point
    const OperatingPoint point = random_policies(random, model, false);
    const SearchOptions options = random_search(random);
    const EncodedBatch batch =
        random_given(random, model, random_lengths(random, sentences), random.chance(0.2));
    const auto expected = cpu->search(batch, point, options),
               found = gpu->search(batch, point, options);
    ASSERT_EQ(found.size(), expected.size());
    for (std::size_t n = 0; n < expected.size(); ++n) {
      SCOPED_TRACE(concat("sentence ", n, " of ", sentences));
      expect_equal(found[n], expected[n]);
    }
  }
}

TEST_P(GpuTranslation, SharesItsModel) {
  Random random(17000 + seed());
  auto model = std::make_shared<const TranslationModel>(random_model(17000 + seed()));
  const std::weak_ptr<const TranslationModel> watched = model;
  const OperatingPoint point = random_policies(random, *model, false);
  const EncodedBatch batch = random_given(random, *model, random_lengths(random, 3), false);
  auto engine = gpu::make_decoder_engine(std::move(model));
  EXPECT_EQ(engine->search(batch, point, {}).size(), 3U);
  EXPECT_FALSE(watched.expired());
  engine.reset();
  EXPECT_TRUE(watched.expired());
}

TEST_P(GpuTranslation, OfManyPointsIsThatOfEachAlone) {
  Random random(18000 + seed());
  const TranslationModel model = random_model(18000 + seed());
  const auto engine = gpu::make_decoder_engine(borrowed(model));
  expect_searches_as_alone(*engine, random_given(random, model, random_lengths(random, 9), false),
                           random_searches(random, model, 4, false));
}

// A step that was launched for too few rows does nothing and is launched again, and a batch may be
// cut into parts.
TEST_P(GpuTranslation, DoesNotDependOnHowMuchRunsAtOnce) {
  Random random(16000 + seed());
  const TranslationModel model = random_model(16000 + seed());
  const OperatingPoint point = random_policies(random, model, false);
  const SearchOptions options{.beam = DynamicBeam{1, 6, 0.2, 1.5}, .longest = 12, .n_best = 3};
  const EncodedBatch batch = random_given(random, model, random_lengths(random, 25), false);
  const std::vector<std::vector<int>> targets(25, {1, 2, 3});
  const auto cpu = make_cpu_decoder_engine(borrowed(model), {.threads = 1});
  const auto expected = cpu->search(batch, point, options);
  for (const gpu::DecoderLimits& limits :
       {gpu::DecoderLimits{.spare_rows = 0}, gpu::DecoderLimits{.sentences = 7}}) {
    const auto gpu = gpu::make_decoder_engine(borrowed(model), limits);
    const auto found = gpu->search(batch, point, options);
    ASSERT_EQ(found.size(), expected.size());
    for (std::size_t n = 0; n < expected.size(); ++n) {
      SCOPED_TRACE(concat("sentence ", n, ", spare rows ", limits.spare_rows));
      expect_equal(found[n], expected[n]);
    }
    EXPECT_EQ(gpu->log_probabilities(batch, point, targets),
              cpu->log_probabilities(batch, point, targets));
  }
}

TEST_P(GpuTranslation, ScoresWhatTheCpuScores) {
  Random random(13000 + seed());
  const TranslationModel model = random_model(13000 + seed());
  const OperatingPoint point = random_policies(random, model, false);
  const std::vector<Index> lengths = random_lengths(random, 20);
  const EncodedBatch batch = random_given(random, model, lengths, false);
  std::vector<std::vector<int>> targets(lengths.size());
  for (std::vector<int>& target : targets)
    for (Index i = random.whole(0, 9); i > 0; --i)
      target.push_back(static_cast<int>(random.whole(0, model.target_embedding.rows() - 1)));
  const auto expected = make_cpu_decoder_engine(borrowed(model), {.threads = 1})
                            ->log_probabilities(batch, point, targets);
  EXPECT_EQ(gpu::make_decoder_engine(borrowed(model))->log_probabilities(batch, point, targets),
            expected);
}

// Both translators start from words, so the encoders run, too, and hand on their final states.
TEST_P(GpuTranslation, TranslatesAsTheCpuDoes) {
  Random random(14000 + seed());
  const TranslationModel model = random_translation_model(14000 + seed());
  OperatingPoint point = dense_point(model.network);
  for (LayerPolicy& policy : point.layers) policy.arithmetic = Int16{{.input_bits = 12}};
  std::vector<Sentence> sentences;
  for (Index length : random_lengths(random, 12)) {
    Sentence& sentence = sentences.emplace_back();
    for (Index i = 1; i < length; ++i)
      sentence.push_back(random.whole(0, model.source_embedding.rows() - 1));
  }
  const SearchOptions options = random_search(random);
  const EngineOptions engine{.threads = 1};
  Translator on_gpu(borrowed(model), gpu::make_engine(borrowed(model.network), engine),
                    gpu::make_decoder_engine(borrowed(model)));
  const auto found = on_gpu.run(sentences, point, options);
  const auto expected = Translator(borrowed(model), engine).run(sentences, point, options);
  for (std::size_t n = 0; n < sentences.size(); ++n) {
    SCOPED_TRACE(concat("sentence ", n));
    expect_equal(found[n].search, expected[n].search);
    EXPECT_EQ(found[n].activity, expected[n].activity);
  }
}

TEST_P(GpuTranslation, IsNearTheCpusInFloats) {
  Random random(15000 + seed());
  const TranslationModel model = random_model(15000 + seed());
  const OperatingPoint point = dense_point(model.network);
  const EncodedBatch batch = random_given(random, model, random_lengths(random, 15), false);
  const SearchOptions options{.beam = FixedBeam{3}, .longest = 10};
  const auto expected =
      make_cpu_decoder_engine(borrowed(model), {.threads = 1})->search(batch, point, options);
  const auto found = gpu::make_decoder_engine(borrowed(model))->search(batch, point, options);
  for (std::size_t n = 0; n < expected.size(); ++n) {
    // Another hypothesis may win where two are as good.
    EXPECT_NEAR(found[n].best[0].score, expected[n].best[0].score,
                1e-4 * std::max(1.0, std::abs(expected[n].best[0].score)));
    if (found[n].best[0].tokens != expected[n].best[0].tokens) continue;
    EXPECT_EQ(found[n].best[0].attended.size(), expected[n].best[0].attended.size());
  }
}

TEST(GpuDecoder, RefusesObserversAndOverflows) {
  EDGEVAL_NEEDS_GPU();
  Random random(7);
  TranslationModel model = random_translation_model(7);
  const EncodedBatch batch = random_given(random, model, {3, 2}, false);
  LayerObserver observer;
  EXPECT_THROW(gpu::make_decoder_engine(borrowed(model))
                   ->search(batch, dense_point(model.network), {}, &observer),
               Error);
  auto& generator = std::get<LinearLayer>(model.network.layers[model.generator]);
  for (float& weight : generator.weight.values()) weight = 3e38F;
  try {
    gpu::make_decoder_engine(borrowed(model))->search(batch, dense_point(model.network), {});
    FAIL() << "went on without numbers";
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("gives no probabilities"), std::string::npos)
        << error.what();
  }
}

}  // namespace
}  // namespace edgeval::test
