// Tests the way from a test set to quality and activity: batches hold every utterance once, and a
// batch that is too large for the memory is halved without changing a result.
#include <gtest/gtest.h>

#include <algorithm>
#include <new>

#include "eval/policy/profile_collector.hpp"
#include "eval/report/cost_tables.hpp"
#include "eval/task/batches.hpp"
#include "tests/datasets/layouts/data_folder.hpp"
#include "tests/support/borrowed.hpp"
#include "tests/support/safetensors.hpp"
#include "tests/support/speech_task.hpp"

namespace edgeval::test {
namespace {

// Frames of the utterances; an utterance of 0 frames is shorter than 25 ms.
const std::vector<Index> kFrames{0, 1, 8, 3, 8, 23};

class PipelineTest : public ::testing::Test {
 protected:
  PipelineTest() {
    for (std::size_t n = 0; n < kFrames.size(); ++n) {
      const std::string id = "u" + std::to_string(n);
      const Index samples = kFrames[n] == 0 ? 399 : 400 + 160 * (kFrames[n] - 1);
      set_.utterances.push_back(
          {id, folder_.audio(id + ".wav", {.samples = static_cast<int>(samples)}), "a b", ""});
    }
    model_.tokens = {"", "a", "b", " ", "c"};
  }

  // The set through an engine of a kind.
  CtcSession session(SpeechSession::MakeEngine make, const EngineChoice& choice = {}) const {
    return {borrowed(model_), set_, {}, choice, std::move(make)};
  }

  DataFolder folder_;
  data::TestSet set_;
  Model model_ = random_model(
      {.inputs = 4, .lstm = {{.cells = 3, .directions = kBothDirections}}, .outputs = 5, .gain = 3},
      5);
};

// An engine that has memory for at most `most` lanes.
class SmallEngine : public Engine {
 public:
  SmallEngine(std::shared_ptr<const Model> model, Index most)
      : inner_(make_cpu_engine(std::move(model), {.threads = 1})), most_(most) {}
  std::string device() const override { return "small"; }
  bool on_gpu() const override { return false; }
  void run(PreparedBatch& batch, std::span<const OperatingPoint> points, const Wanted& wanted,
           ResultSink& sink, LayerObserver* observer) override {
    if (batch.features().sequences() > most_) throw std::bad_alloc();
    inner_->run(batch, points, wanted, sink, observer);
  }

 private:
  std::unique_ptr<Engine> inner_;
  Index most_;
};

SpeechSession::MakeEngine small_engine(Index most) {
  return [most](const auto& model) { return std::make_unique<SmallEngine>(model, most); };
}

TEST_F(PipelineTest, BatchesHoldEveryUtteranceOnceLongestFirst) {
  const data::FeatureExtractor extractor(model_.frontend);
  for (Index largest : {0, 1, 2, 4, 6, 100}) {
    const BatchPlan plan = plan_batches(set_, model_, extractor, largest);
    std::vector<Index> all;
    for (const std::vector<Index>& batch : plan.batches) {
      EXPECT_FALSE(batch.empty());
      EXPECT_LE(static_cast<Index>(batch.size()), largest == 0 ? 6 : largest);
      all.insert(all.end(), batch.begin(), batch.end());
    }
    EXPECT_EQ(all, (std::vector<Index>{5, 2, 4, 3, 1, 0}));
    EXPECT_EQ(plan.frames, kFrames);
    EXPECT_DOUBLE_EQ(plan.seconds[0], 399.0 / 16000);
  }
}

TEST_F(PipelineTest, GpusTakeMoreUtterancesAtOnce) {
  const data::FeatureExtractor extractor(model_.frontend);
  data::TestSet many = set_;
  while (std::ssize(many.utterances) < 4200) many.utterances.push_back(many.utterances[1]);
  const auto sizes = [&](Index largest, Index gpus) {
    std::vector<std::size_t> of_batches;
    for (const auto& batch : plan_batches(many, model_, extractor, largest, gpus).batches)
      of_batches.push_back(batch.size());
    return of_batches;
  };
  EXPECT_EQ(sizes(0, 0), (std::vector<std::size_t>{512, 512, 512, 512, 512, 512, 512, 512, 104}));
  EXPECT_EQ(sizes(0, 1), (std::vector<std::size_t>{4096, 104}));
  EXPECT_EQ(sizes(0, 2), (std::vector<std::size_t>{4200}));
  EXPECT_EQ(sizes(3000, 2), (std::vector<std::size_t>{3000, 1200}));
}

TEST_F(PipelineTest, HalvingABatchThatIsTooLargeChangesNothing) {
  const auto with_memory_for = [&](Index most) {
    CtcSession small = session(small_engine(most), {.threads = 1});
    return evaluate(small, points_of({dense_point(model_)})).points[0];
  };
  const PointResult whole = with_memory_for(100);
  for (Index most : {1, 2, 5}) {
    const PointResult halved = with_memory_for(most);
    EXPECT_EQ(halved.hypotheses(), whole.hypotheses());
    for (std::size_t n = 0; n < kFrames.size(); ++n)
      EXPECT_EQ(halved.items[n].activity, whole.items[n].activity);
  }
  EXPECT_THROW(with_memory_for(0), OutOfMemoryForOne);
}

// An engine that runs out of memory after an observer has seen the first layer.
class HalfwayEngine : public SmallEngine {
 public:
  HalfwayEngine(std::shared_ptr<const Model> model, Index most)
      : SmallEngine(std::move(model), 100), most_(most) {}
  void run(PreparedBatch& batch, std::span<const OperatingPoint> points, const Wanted& wanted,
           ResultSink& sink, LayerObserver* observer) override {
    SmallEngine::run(batch, points, wanted, sink, observer);
    if (batch.features().sequences() > most_) throw std::bad_alloc();
  }

 private:
  Index most_;
};

TEST_F(PipelineTest, AProfileOfHalvedBatchesCountsEveryFrameOnce) {
  const auto profile = [&](Index most) {
    CtcSession halfway =
        session([most](const auto& model) { return std::make_unique<HalfwayEngine>(model, most); },
                {.threads = 1});
    ProfileCollector collector(borrowed(model_), 43);
    observe(halfway, halfway.observed_batches(), points_of({dense_point(model_)})[0], collector);
    return to_json(collector.finish());
  };
  const nlohmann::ordered_json whole = profile(100);
  EXPECT_EQ(whole.at("layers").begin()->at("input").at("elements"), 43 * 4);
  EXPECT_EQ(profile(1), whole);
  EXPECT_EQ(profile(2), whole);
}

// An engine that removes the audio files before it runs.
class RemovingEngine : public SmallEngine {
 public:
  RemovingEngine(std::shared_ptr<const Model> model, const data::TestSet& set)
      : SmallEngine(std::move(model), 100), set_(set) {}
  void run(PreparedBatch& batch, std::span<const OperatingPoint> points, const Wanted& wanted,
           ResultSink& sink, LayerObserver* observer) override {
    for (const data::Utterance& utterance : set_.utterances)
      std::filesystem::remove(utterance.audio);
    SmallEngine::run(batch, points, wanted, sink, observer);
  }

 private:
  const data::TestSet& set_;
};

TEST_F(PipelineTest, TheHashIsOfWhatWasReadAndNothingIsReadBehindTheEvaluation) {
  const std::string hash = hash_of(set_);
  CtcSession removing =
      session([&](const auto& model) { return std::make_unique<RemovingEngine>(model, set_); });
  const Evaluation evaluation = evaluate(removing, points_of({dense_point(model_)}));
  EXPECT_EQ(removing.data().at("sha256"), hash);
}

TEST_F(PipelineTest, AudioThatIsNotAsLongAsItWasPlannedIsRefused) {
  const data::FeatureExtractor extractor(model_.frontend);
  const BatchPlan plan = plan_batches(set_, model_, extractor, 0);
  const auto path = folder_.audio("u3.wav", {.samples = 400 + 160 * 2 + 1});  // as many frames
  data::AudioReader audio(set_, 16000);
  EXPECT_EQ(refusal([&] { batch_features(audio, plan.batches[0], plan, extractor, 1); }),
            path.string() + ": changed while it was being read");
}

TEST(Batches, AreHalvedUntilTheWorkFits) {
  std::vector<std::vector<Index>> done;
  run_in_parts({7, 8, 9, 10, 11}, [&](const std::vector<Index>& part) {
    if (part.size() > 2) throw std::bad_alloc();
    done.push_back(part);
  });
  EXPECT_EQ(done, (std::vector<std::vector<Index>>{{7, 8}, {9}, {10, 11}}));
}

TEST_F(PipelineTest, EveryPointIsRunAndTotalsAreSums) {
  OperatingPoint delta = dense_point(model_);
  delta.layers[0].operand = Delta{.threshold_x = 0.3, .threshold_h = 0.3};
  CtcSession small = session(small_engine(100), {.batch = 2});
  const Evaluation both = evaluate(small, points_of({delta, dense_point(model_)}));
  ASSERT_EQ(both.points.size(), 2u);
  EXPECT_EQ(small.data().at("frames"), 43);
  for (const PointResult& result : both.points) {
    Activity sum;
    for (const Outcome& outcome : result.items) sum += outcome.activity;
    EXPECT_EQ(sum, result.total());
    EXPECT_EQ(result.metrics[0].edits->reference, 12u);
  }
  const Activity skipped = both.points[0].total(), dense = both.points[1].total();
  EXPECT_EQ(dense.macs_executed(), dense.total(Count::kMacsDense));
  EXPECT_LT(skipped.macs_executed(), dense.macs_executed());
}

// Keeps the outcomes by point and item, each of which must come once.
struct GatheredOutcomes final : OutcomeSink {
  std::map<std::pair<Index, Index>, Outcome> outcomes;
  void receive(std::span<const Index> points, Index item, Outcome&& outcome) override {
    for (const Index point : points)
      EXPECT_TRUE(outcomes.try_emplace({point, item}, outcome).second) << point << ' ' << item;
  }
};

TEST_F(PipelineTest, PointsOfSeveralWeightsAreEachAsAlone) {
  OperatingPoint delta = dense_point(model_);
  delta.layers[0].operand = Delta{.threshold_x = 0.3, .threshold_h = 0.3};
  const std::vector<Point> points{{AsTrained{}, delta},
                                  {Binary{}, dense_point(model_)},
                                  {Binary{}, delta},
                                  {AsTrained{}, dense_point(model_)}};
  CtcSession session = this->session(small_engine(100), {.batch = 100});
  const std::vector<std::vector<Index>> batches = session.batches();
  ASSERT_EQ(batches.size(), 1u);
  const std::unique_ptr<Prepared> prepared = session.prepare(batches.front());
  GatheredOutcomes all;
  session.run(*prepared, points, all);
  for (std::size_t p = 0; p < points.size(); ++p) {
    const PointResult alone = evaluate(session, {points[p]}).points[0];
    EXPECT_GT(alone.seconds, 0) << p;
    for (std::size_t i = 0; i < batches.front().size(); ++i) {
      const Outcome& together = all.outcomes.at({static_cast<Index>(p), static_cast<Index>(i)});
      const Outcome& expected = alone.items[static_cast<std::size_t>(batches.front()[i])];
      EXPECT_EQ(together.texts, expected.texts) << p;
      EXPECT_EQ(together.activity, expected.activity) << p;
    }
  }
  EXPECT_EQ(all.outcomes.size(), points.size() * batches.front().size());
}

// The integer bits of fixed_point, which are open here, are fitted to each matrix.
TEST_F(PipelineTest, PointsOfTheSameWeightsShareANetwork) {
  const OperatingPoint dense = dense_point(model_);
  const std::vector<Point> points{{FixedPoint{}, dense},
                                  {FixedPoint{}, dense},
                                  {FixedPoint{.integer_bits = 3}, dense},
                                  {AsTrained{}, dense},
                                  {FixedPoint{}, dense}};
  EXPECT_EQ(by_weights(points), (std::vector<std::vector<Index>>{{0, 1, 4}, {2}, {3}}));
}

TEST_F(PipelineTest, SessionsAndCollectorsShareTheirModel) {
  const OperatingPoint point = dense_point(model_);
  auto model = std::make_shared<const Model>(std::move(model_));
  const std::weak_ptr<const Model> watched = model;
  std::optional<CtcSession> session(std::in_place, std::move(model), set_, CtcOptions{},
                                    EngineChoice{.device = "cpu"});
  std::optional<ProfileCollector> collector(std::in_place, watched.lock(), 43);
  EXPECT_EQ(evaluate(*session, points_of({point})).points[0].items.size(), kFrames.size());
  session.reset();
  EXPECT_EQ(watched.use_count(), 1);  // the collector's
  collector.reset();
  EXPECT_TRUE(watched.expired());
}

TEST_F(PipelineTest, AnUtteranceWithoutAFrameHasNoWordsAndNoSteps) {
  CtcSession small = session(small_engine(100));
  const PointResult result = evaluate(small, points_of({dense_point(model_)})).points[0];
  EXPECT_EQ(result.items[0].texts.front(), "");
  EXPECT_EQ(result.items[0].activity.total(Count::kSteps), 0u);
  EXPECT_EQ(result.items[0].activity.layers.size(), result.items[5].activity.layers.size());
}

TEST(Summary, NumbersKeepFourDigitsAndAPrefix) {
  const std::vector<std::pair<double, std::string>> cases{
      {0, "0 J"},           {1, "1.000 J"},       {0.0012345, "1.234 mJ"}, {12.344, "12.34 J"},
      {598e-6, "598.0 uJ"}, {999.96, "1.000 kJ"}, {24.19e9, "24.19 GJ"},   {2e-9, "2.000 nJ"},
      {-0.5, "-500.0 mJ"}};
  for (const auto& [value, text] : cases) EXPECT_EQ(si(value, "J"), text);
}

}  // namespace
}  // namespace edgeval::test
