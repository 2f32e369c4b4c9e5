// Decodes speech with a beam as `edgeval run` does: policies with a beam and without one share a
// call, and texts are those of the literal search on the outputs of the engine.
#include <gtest/gtest.h>

#include "eval/task/ctc/ctc_session.hpp"
#include "host/engine/ctc.hpp"
#include "tests/literal/literal_ctc.hpp"
#include "tests/support/borrowed.hpp"
#include "tests/support/paths.hpp"
#include "tests/support/refusal.hpp"
#include "tests/support/spoken.hpp"

namespace edgeval::test {
namespace {

constexpr Index kUtterances = 4;

// Keeps the outcomes of all points.
struct KeptOutcomes : OutcomeSink {
  explicit KeptOutcomes(std::size_t points)
      : of_points(points, std::vector<Outcome>(static_cast<std::size_t>(kUtterances))) {}
  void receive(std::span<const Index> points, Index item, Outcome&& outcome) override {
    for (const Index point : points)
      of_points[static_cast<std::size_t>(point)][static_cast<std::size_t>(item)] = outcome;
  }
  std::vector<std::vector<Outcome>> of_points;
};

TEST(CtcBeamRun, TextsAreThoseOfTheLiteralSearch) {
  const Model model = load_spoken_model();
  CtcSession session(
      borrowed(model),
      data::open_test_set(source_folder() / "datasets/spoken", {.limit = kUtterances}), {},
      {.device = "cpu"});
  const std::vector<std::optional<Beam>> beams{
      {}, FixedBeam{1}, FixedBeam{6}, DynamicBeam{1, 6, 0.1, 2}, PrunedBeam{6, 0, 3}};
  std::vector<Point> points;
  for (const std::optional<Beam>& beam : beams) {
    Policy policy;
    policy.beam = beam;
    points.push_back(session.resolve(policy, nullptr));
  }
  session.batches();
  KeptOutcomes outcomes(points.size());
  session.run(*session.prepare({0, 1, 2, 3}), points, outcomes);

  const std::unique_ptr<Engine> engine = make_cpu_engine(borrowed(model), {});
  const BatchResult outputs =
      engine->run(spoken_test_features(model.frontend, kUtterances), dense_point(model));
  const std::vector<std::string> tokens = token_texts(model.tokens);
  for (std::size_t n = 0; n < static_cast<std::size_t>(kUtterances); ++n) {
    const Outcome& greedy = outcomes.of_points[0][n];
    EXPECT_FALSE(greedy.search);
    const MatrixView<const float> frames = outputs.outputs.sequence(static_cast<Index>(n));
    for (std::size_t p = 1; p < beams.size(); ++p) {
      const auto literal = literal::ctc_prefix_search(frames, model.blank, *beams[p]);
      const Outcome& outcome = outcomes.of_points[p][n];
      EXPECT_EQ(outcome.texts, std::vector{tokens_to_text(literal.text, tokens)});
      EXPECT_EQ(outcome.activity, greedy.activity);
      ASSERT_TRUE(outcome.search);
      EXPECT_NEAR(outcome.search->best.front().score, literal.score, 1e-3);
      EXPECT_EQ(outcome.search->counts,
                (SearchCounts{static_cast<std::uint64_t>(frames.rows), literal.rows, literal.rows,
                              literal.beam_width_sum}));
    }
  }
  EXPECT_TRUE(is_reference(points[2]));
  EXPECT_FALSE(is_reference(points[3]));
  EXPECT_EQ(widest_of(reference_of(model, points[3]).search->beam), 6);
}

// An engine, as those on GPUs, that finds infinite outputs: of frame 3 of the second utterance.
class OverflowingEngine : public Engine {
 public:
  explicit OverflowingEngine(std::shared_ptr<const Model> model)
      : inner_(make_cpu_engine(std::move(model), {.threads = 1})) {}
  std::string device() const override { return "overflowing"; }
  bool on_gpu() const override { return false; }
  void run(PreparedBatch& batch, std::span<const OperatingPoint> points, const Wanted& wanted,
           ResultSink& sink, LayerObserver*) override {
    BatchResult result = inner_->run(batch.features(), points[0], wanted);
    result.searches[1] = {.overflowed = 3};
    const Index first_point = 0;
    sink.receive({&first_point, 1}, 0, std::move(result));
  }

 private:
  std::unique_ptr<Engine> inner_;
};

TEST(CtcBeamRun, NamesTheUtteranceWhoseOutputsAreInfinite) {
  const Model model = load_spoken_model();
  CtcSession session(
      borrowed(model),
      data::open_test_set(source_folder() / "datasets/spoken", {.limit = kUtterances}), {},
      {.device = "cpu", .threads = 1},
      [](const auto& of) { return std::make_unique<OverflowingEngine>(of); });
  session.batches();
  Policy policy;
  policy.beam = FixedBeam{2};
  const Point point = session.resolve(policy, nullptr);
  KeptOutcomes outcomes(1);
  const std::string message = refusal([&] {
    session.run(*session.prepare({3, 1}), {&point, 1}, outcomes);
  });
  EXPECT_TRUE(message.starts_with("utterance " + session.item(1).id +
                                  ": an output of frame 3 is infinite or not a number"))
      << message;
}

}  // namespace
}  // namespace edgeval::test
