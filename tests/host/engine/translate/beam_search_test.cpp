// Compares translation on the CPU with its literal form, and shows what does not change results.
#include "host/engine/translate/beam_search.hpp"

#include <gtest/gtest.h>

#include "host/core/error.hpp"
#include "tests/literal/literal_translation.hpp"
#include "tests/support/borrowed.hpp"
#include "tests/support/random_case.hpp"

namespace edgeval::test {
namespace {

std::vector<SearchResult> translate(const TranslationModel& model,
                                    const std::vector<std::vector<int>>& sources,
                                    const SearchOptions& options) {
  std::vector<Index> lengths;
  for (const std::vector<int>& source : sources)
    lengths.push_back(static_cast<Index>(source.size()));
  Ragged<float> embedded(lengths, model.source_embedding.cols());
  Index row = 0;
  for (const std::vector<int>& source : sources)
    for (int id : source)
      std::copy_n(model.source_embedding.row(id), embedded.cols(), embedded.values.row(row++));
  const OperatingPoint point = dense_point(model.network);
  DecoderWeights weights(borrowed(model));
  const Decoder decoder(weights, point);
  const auto engine = make_cpu_engine(borrowed(model.network), {.threads = 1});
  return beam_search(decoder, encode(*engine, embedded, point), options);
}

std::vector<std::vector<int>> random_sources(Random& random, const TranslationModel& model,
                                             int count) {
  std::vector<std::vector<int>> sources(static_cast<std::size_t>(count));
  for (std::vector<int>& source : sources)
    for (Index s = random.skewed(1, 12); s > 0; --s)
      source.push_back(
          static_cast<int>(random.whole(0, static_cast<Index>(model.source.tokens.size()) - 1)));
  return sources;
}

SearchOptions random_options(Random& random) {
  SearchOptions options{.longest = static_cast<int>(random.whole(1, 15)),
                        .shortest = static_cast<int>(random.whole(0, 3)),
                        .n_best = static_cast<int>(random.whole(1, 2)),
                        .penalty = random.of<LengthPenalty>(
                            {LengthPenalty::kNone, LengthPenalty::kWu, LengthPenalty::kAverage}),
                        .alpha = 0.7};
  const double width = static_cast<double>(random.whole(1, 6));
  options.beam = random.of<Beam>({FixedBeam{width}, DynamicBeam{1, width, 0.2, 1.5},
                                  DynamicBeam{width, width, 0.1, 1}, PrunedBeam{width, 0.2, 2}});
  return options;
}

LiteralWork work_of(const LayerActivity& layer) {
  return {layer[Count::kSteps],
          layer.macs_executed(),
          layer[Count::kWeightWords32],
          layer[Count::kInputsZero],
          layer[Count::kRecurrentInputsZero],
          0,
          0,
          layer[Count::kElementwiseMultiplications],
          layer[Count::kElementwiseAdditions],
          layer[Count::kNonlinearities],
          layer[Count::kCandidateComparisons]};
}

class BeamSearch : public testing::TestWithParam<int> {};
INSTANTIATE_TEST_SUITE_P(Seeds, BeamSearch, testing::Range(0, 60));

TEST_P(BeamSearch, IsItsLiteralForm) {
  Random random(static_cast<std::uint64_t>(900 + GetParam()));
  const TranslationModel model =
      random_translation_model(static_cast<std::uint64_t>(300 + GetParam()));
  const std::vector<std::vector<int>> sources = random_sources(random, model, 8);
  const SearchOptions options = random_options(random);
  const std::vector<SearchResult> results = translate(model, sources, options);
  for (std::size_t n = 0; n < sources.size(); ++n) {
    const LiteralTranslation literal = literal_translation(model, sources[n], options);
    if (std::min(literal.closest, literal.closest_width) < 1e-4)
      continue;  // rounding may turn a decision
    EXPECT_EQ(results[n].best[0].tokens, literal.tokens) << "sentence " << n;
    EXPECT_NEAR(results[n].best[0].score, literal.score, 1e-4);
    EXPECT_EQ(results[n].counts, literal.counts);
    EXPECT_EQ(results[n].best[0].attended.size(), literal.tokens.size());
    ASSERT_EQ(results[n].activity.layers.size(), literal.work.size());
    for (const LayerActivity& layer : results[n].activity.layers) {
      EXPECT_EQ(work_of(layer), literal.work.at(layer.shape.name)) << layer.shape.name;
      EXPECT_EQ(layer[Count::kSequences], 1U);
      EXPECT_EQ(layer.macs_executed(), layer[Count::kMacsDense]);
    }
    const Activity dense = dense_counts(results[n].activity);
    EXPECT_EQ(dense.total(Count::kMacsDense), results[n].activity.total(Count::kMacsFp32));
    EXPECT_EQ(dense.total(Count::kNonlinearities),
              results[n].activity.total(Count::kNonlinearities));
  }
}

TEST_P(BeamSearch, DoesNotDependOnTheBatch) {
  Random random(static_cast<std::uint64_t>(1900 + GetParam()));
  const TranslationModel model =
      random_translation_model(static_cast<std::uint64_t>(1300 + GetParam()));
  const std::vector<std::vector<int>> sources = random_sources(random, model, 20);
  const SearchOptions options = random_options(random);
  const std::vector<SearchResult> together = translate(model, sources, options);
  for (std::size_t n = 0; n < sources.size(); ++n) {
    const SearchResult alone = translate(model, {sources[n]}, options)[0];
    EXPECT_EQ(alone.best[0].tokens, together[n].best[0].tokens);
    EXPECT_EQ(alone.best[0].score, together[n].best[0].score);
    EXPECT_EQ(alone.best[0].attended, together[n].best[0].attended);
    EXPECT_EQ(alone.counts, together[n].counts);
    EXPECT_EQ(alone.activity, together[n].activity);
    EXPECT_EQ(alone.spreads, together[n].spreads);
  }
}

TEST(Beam, LimitsEqualToEachOtherAreAFixedWidth) {
  for (std::uint64_t seed = 0; seed < 10; ++seed) {
    Random random(seed);
    const TranslationModel model = random_translation_model(seed);
    const auto sources = random_sources(random, model, 6);
    const auto fixed = translate(model, sources, {.beam = FixedBeam{3}, .longest = 12});
    const auto dynamic =
        translate(model, sources, {.beam = DynamicBeam{3, 3, 0.1, 1.7}, .longest = 12});
    for (std::size_t n = 0; n < sources.size(); ++n) {
      EXPECT_EQ(fixed[n].best[0].tokens, dynamic[n].best[0].tokens);
      EXPECT_EQ(fixed[n].counts, dynamic[n].counts);
    }
  }
}

// P4: between the two spreads the width falls in a straight line, and is rounded half up.
TEST(Beam, WidthFollowsTheSpread) {
  const DynamicBeam beam{2, 5, 0.1, 1.7};
  EXPECT_EQ(beam.width(0), 5);
  EXPECT_EQ(beam.width(0.1), 5);
  EXPECT_EQ(beam.width(0.1 + 1.6 / 6 - 1e-9), 5);  // 4.5 rounds up
  EXPECT_EQ(beam.width(0.1 + 1.6 / 6 + 1e-9), 4);
  EXPECT_EQ(beam.width(0.9 - 1e-9), 4);  // 3.5 rounds up
  EXPECT_EQ(beam.width(0.9 + 1e-9), 3);
  EXPECT_EQ(beam.width(1.5), 2);
  EXPECT_EQ(beam.width(1.7), 2);
  EXPECT_EQ(beam.width(100), 2);
  const float apart[] = {0, -3.11F};
  EXPECT_NEAR(DynamicBeam::spread(apart, 2), 2.2, 0.001);  // two candidates 3.11 nats apart
  EXPECT_EQ(DynamicBeam::spread(apart, 1), 0);
  const float infinite[] = {0, -3.11F, -std::numeric_limits<float>::infinity()};
  EXPECT_EQ(DynamicBeam::spread(infinite, 3), DynamicBeam::spread(apart, 2));
  EXPECT_NE((DynamicBeam{2, 5, 1, 1}.problem()), nullptr);
  EXPECT_NE((DynamicBeam{5, 2, 0, 1}.problem()), nullptr);
}

TEST(Beam, PruningKeepsWhatIsNearTheBest) {
  const float scores[] = {-1, -1.4F, -2, -5};
  EXPECT_EQ((PrunedBeam{5, 0.6, 2.5}.rule().keep(scores, 4)), 2);  // e^-0.4 = 0.67, e^-1 = 0.37
  EXPECT_EQ((PrunedBeam{5, 0, 2.5}.rule().keep(scores, 4)), 3);
  EXPECT_EQ((PrunedBeam{5, 0, 1e9}.rule().keep(scores, 4)), 4);
}

TEST(Decoder, RefusesToGoOnWithoutNumbers) {
  TranslationModel model = random_translation_model(7);
  for (float& weight : std::get<LinearLayer>(model.network.layers[model.generator]).weight.values())
    weight = 3e38F;
  try {
    translate(model, {{0, 1, 2}}, {});
    FAIL() << "weights that overflow were taken";
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("layer generator: gives no probabilities"),
              std::string::npos)
        << error.what();
  }
}

}  // namespace
}  // namespace edgeval::test
