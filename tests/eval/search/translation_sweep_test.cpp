// Many points on a translation in one sweep, in blocks: each makes of a set what it makes of it
// alone, with every policy on the encoder and random ones on the decoder and its attention.
#include <gtest/gtest.h>

#include "eval/task/translation/translation_session.hpp"
#include "tests/eval/search/swept.hpp"
#include "tests/support/borrowed.hpp"
#include "tests/support/searches.hpp"

namespace edgeval::test {
namespace {

class TranslationSweep : public ::testing::TestWithParam<int> {
 protected:
  TranslationSession session() const {
    return {borrowed(model_), set_, {.seed = 9}, {.device = "cpu", .threads = 1}};
  }
  // Every policy on the encoder, random ones on the decoder, and several beams for each.
  std::vector<Point> points() {
    std::vector<Point> points = every_point(model_.network, 0, model_.network.stack().size());
    std::erase_if(points, [&](const Point& point) {  // what cells of a GRU cannot do
      try {
        check_point(model_.network, point.layers);
        return false;
      } catch (const Error&) {
        return true;
      }
    });
    for (int n = 0; n < 4; ++n)
      points.push_back({n % 2 == 0 ? Weights(AsTrained{}) : Weights(Ternary{}),
                        random_policies(random_, model_)});
    for (Point& point : points) point.search = random_search(random_);
    for (const double width : {1, 3, 5})
      points.push_back({AsTrained{}, dense_point(model_.network),
                        SearchOptions{.beam = FixedBeam{width}, .longest = 12}});
    return points;
  }
  static data::TextSet set() {
    data::TextSet set;
    set.path = "source", set.reference_paths = {"reference"};
    set.sources = {"t1 t4 t1 t0", "", "t4", "t0 t4 t4 t1 t0 t1 t3", "t1 t1", "t4 t4 t4"};
    set.references = {{"t4 t5", "", "t1", "t5 t5 t4 t1", "t1 t1 t1 t4 t5", "t0"}};
    return set;
  }

  const std::uint64_t seed_ = static_cast<std::uint64_t>(2600 + GetParam());
  Random random_{seed_};
  const TranslationModel model_ = random_model(seed_);
  const data::TextSet set_ = set();
};
INSTANTIATE_TEST_SUITE_P(Seeds, TranslationSweep, testing::Range(0, 3));

TEST_P(TranslationSweep, GivesForEveryPointWhatItGivesAlone) {
  auto session = this->session();
  expect_as_alone(session, points());
}

TEST_P(TranslationSweep, TellsTheShapesOfEveryPointBeforeItRuns) {
  auto session = this->session();
  expect_shapes_known_before(session, points());
}

TEST_P(TranslationSweep, WithoutReferencesHasNoMetrics) {
  data::TextSet alone = set();
  alone.references.clear(), alone.reference_paths.clear();
  TranslationSession session(borrowed(model_), alone, {}, {.device = "cpu", .threads = 1});
  const std::vector<Point> points = this->points();
  const std::vector<PointResult> expected = evaluate(session, points).points;
  const Swept swept(session, points, 3);
  EXPECT_TRUE(total_of(session, points[0], 0, swept.blocks, *swept.journal, 9).metrics.empty());
  expect_as_alone(session, points, swept, expected);
}

// Beams and penalties alone: one run of the encoder, as many of all other layers as points.
TEST_P(TranslationSweep, EstimatesOneEncoderForAllBeams) {
  const OperatingPoint dense = dense_point(model_.network);
  std::vector<Point> points;
  for (int n = 0; n < 5; ++n) points.push_back({AsTrained{}, dense, random_search(random_)});
  TranslationSession session = this->session();
  const Blocks blocks = cut_into_blocks(session.items(), 99, 7);
  const SweepEstimate found =
      estimate(session, points, blocks, share_of_units(session, points, blocks, {}));
  const auto layers = static_cast<double>(model_.network.layers.size());
  const auto encoder = static_cast<double>(model_.network.stack().size());
  EXPECT_EQ(found.runs, 5 * layers);
  EXPECT_EQ(found.shared_runs, encoder + 5 * (layers - encoder));
}

}  // namespace
}  // namespace edgeval::test
