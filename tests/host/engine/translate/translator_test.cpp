// A translator at many points in one call gives what each point gives alone, and asks the encoder's
// engine once, for each of the different encoders.
#include "host/engine/translate/translator.hpp"

#include <gtest/gtest.h>

#include <map>

#include "host/engine/shared_layers.hpp"
#include "tests/support/borrowed.hpp"
#include "tests/support/searches.hpp"

namespace edgeval::test {
namespace {

struct Stop {};

// Runs another engine and keeps for how many points it is asked to, call by call. Without an engine
// it throws Stop.
class CountedEngine final : public Engine {
 public:
  CountedEngine(std::unique_ptr<Engine> engine, std::vector<std::size_t>& runs)
      : engine_(std::move(engine)), runs_(runs) {}
  std::string device() const override { return "counted"; }
  bool on_gpu() const override { return false; }
  void run(PreparedBatch& batch, std::span<const OperatingPoint> points, const Wanted& wanted,
           ResultSink& sink, LayerObserver* observer) override {
    runs_.push_back(points.size());
    if (engine_ == nullptr) throw Stop();
    engine_->run(batch, points, wanted, sink, observer);
  }

 private:
  std::unique_ptr<Engine> engine_;
  std::vector<std::size_t>& runs_;
};

// Keeps the translations of each point, which must come once.
struct TranslationsByPoint final : TranslationSink {
  std::map<Index, std::vector<Translation>> points;
  void receive(Index point, std::vector<Translation>&& translations) override {
    EXPECT_TRUE(points.try_emplace(point, std::move(translations)).second) << point;
  }
};

// Keeps how many frames entered each layer, call by call.
struct SeenLayers final : LayerObserver {
  std::vector<std::pair<Index, Index>> calls;
  void on_layer(Index layer, const Ragged<float>& input, const Ragged<float>& /*output*/) override {
    calls.emplace_back(layer, input.values.rows());
  }
};

class TranslatorPoints : public testing::TestWithParam<int> {
 protected:
  void SetUp() override {
    const auto widths = {Arithmetic{Fp32{}}, Arithmetic{Int16{{.input_bits = 12}}}};
    for (SearchPoint& point : points_) {
      // Of six points the first three and the last share an encoder, and the other two.
      const std::size_t at = static_cast<std::size_t>(&point - points_.data());
      for (std::size_t l = 0; l < model_.network.stack().size(); ++l)
        point.layers.layers[l].arithmetic = widths.begin()[at == 3 || at == 4];
    }
  }

  std::vector<Translation> alone(std::size_t point) {
    return Translator(borrowed(model_), {.threads = 1})
        .run(sentences_, points_[point].layers, points_[point].search);
  }

  // Runs all points in one call and compares each with its own run. `encoders` is for how many
  // points the encoder must run, in one call of its own, so that they share layers.
  void expect_as_alone(std::size_t encoders) {
    std::vector<std::size_t> runs;
    Translator translator(borrowed(model_),
                          std::make_unique<CountedEngine>(
                              make_cpu_engine(borrowed(model_.network), {.threads = 1}), runs),
                          make_cpu_decoder_engine(borrowed(model_), {.threads = 2}));
    TranslationsByPoint together;
    translator.run(sentences_, points_, together);
    EXPECT_EQ(runs, std::vector{encoders});
    ASSERT_EQ(together.points.size(), points_.size());
    for (std::size_t p = 0; p < points_.size(); ++p) {
      const std::vector<Translation> expected = alone(p);
      const std::vector<Translation>& found = together.points.at(static_cast<Index>(p));
      ASSERT_EQ(found.size(), expected.size());
      for (std::size_t n = 0; n < expected.size(); ++n) {
        SCOPED_TRACE(testing::Message() << "point " << p << ", sentence " << n);
        expect_equal(found[n].search, expected[n].search);
        EXPECT_EQ(found[n].activity, expected[n].activity);
      }
    }
  }

  Random random_{static_cast<std::uint64_t>(2600 + GetParam())};
  const TranslationModel model_ = random_model(static_cast<std::uint64_t>(2600 + GetParam()));
  const std::vector<Sentence> sentences_{{1, 0, 1, 2}, {}, {2}, {0, 2, 2, 1, 0, 1, 1}, {1, 1}};
  std::vector<SearchPoint> points_ = random_searches(random_, model_, 6, true);
};
INSTANTIATE_TEST_SUITE_P(Seeds, TranslatorPoints, testing::Range(0, 8));

TEST_P(TranslatorPoints, InOneCallGiveWhatEachGivesAlone) { expect_as_alone(2); }

// The step of a plan's pseudo-skips is left open, as in a run without a profile.
TEST_P(TranslatorPoints, ShareAnEncoderThatSkipsSteps) {
  for (SearchPoint& point : points_)
    for (std::size_t l = 0; l < model_.network.stack().size(); ++l)
      point.layers.layers[l].plan = SimilaritySkip{.threshold = 0.3, .fraction_bits = 12};
  expect_as_alone(2);
}

// The outputs of encoders that do not fit the bound are made one after the other.
TEST_P(TranslatorPoints, OfLongSentencesRunOneEncoderAtATime) {
  const Index width = layer_outputs(model_.network.stack().back());
  const auto frames = static_cast<std::size_t>(kMostBytesAtOnce / (4 * width) / 2 + 1);
  std::vector<std::size_t> runs;
  Translator translator(borrowed(model_), std::make_unique<CountedEngine>(nullptr, runs), nullptr);
  TranslationsByPoint ignored;
  EXPECT_THROW(translator.run({Sentence(frames, 1)}, points_, ignored), Stop);
  EXPECT_EQ(runs, std::vector<std::size_t>{1});
}

TEST_P(TranslatorPoints, AreEachSeenAsAlone) {
  Translator translator(borrowed(model_), {.threads = 1});
  SeenLayers together, one_by_one;
  TranslationsByPoint ignored;
  translator.run(sentences_, points_, ignored, &together);
  for (const SearchPoint& point : points_)
    translator.run(sentences_, point.layers, point.search, &one_by_one);
  EXPECT_FALSE(together.calls.empty());
  EXPECT_EQ(together.calls, one_by_one.calls);
}

TEST_P(TranslatorPoints, WithoutWordsGiveEmptyHypotheses) {
  Translator translator(borrowed(model_), {.threads = 1});
  TranslationsByPoint received;
  translator.run({{}, {}}, points_, received);
  ASSERT_EQ(received.points.size(), points_.size());
  for (const auto& [point, translations] : received.points) {
    ASSERT_EQ(translations.size(), 2U);
    for (const Translation& translation : translations) {
      ASSERT_EQ(translation.search.best.size(), 1U);
      EXPECT_TRUE(translation.search.best.front().tokens.empty());
      EXPECT_TRUE(translation.activity.layers.empty());
    }
  }
}

TEST_P(TranslatorPoints, OfADecoderEngineGiveWhatEachGivesAlone) {
  const auto engine = make_cpu_decoder_engine(borrowed(model_), {.threads = 2});
  expect_searches_as_alone(*engine, random_given(random_, model_, {4, 1, 7, 12}, false), points_);
}

// Policies are the same where techniques and all parameters are.
TEST(LayerPolicies, AreComparedByTechniquesAndParameters) {
  const LayerPolicy policy{SimilaritySkip{.fraction_bits = 12, .delta_scale = 0.5},
                           Delta{.threshold_x = 0.1}, Int16{{.input_bits = 12}}, Hard{}};
  EXPECT_EQ(policy, LayerPolicy(policy));
  std::vector<LayerPolicy> others(6, policy);
  std::get<SimilaritySkip>(others[0].plan).pseudo_clip = 0.03;
  others[1].plan = EveryStep{};
  std::get<Delta>(others[2].operand).threshold_h = 0.2;
  others[3].arithmetic = Int8{{.input_bits = 12}};
  others[4].nonlinearity = Exact{};
  std::get<SimilaritySkip>(others[5].plan).fraction_bits = kFromProfile;
  for (const LayerPolicy& other : others) EXPECT_NE(policy, other);
  EXPECT_EQ(others[5], LayerPolicy(others[5]));  // with a parameter that is still open
  // Without pseudo-skips the step of their differences has no use, and may stay open.
  const LayerPolicy skipping{SimilaritySkip{.fraction_bits = 12}, AsIs{}};
  EXPECT_EQ(skipping, LayerPolicy(skipping));
}

}  // namespace
}  // namespace edgeval::test
