// Many points on speech in one sweep, in blocks: each makes of a set what it makes of it alone,
// whatever the blocks are, and whatever runs out on the way.
#include "eval/search/sweep.hpp"

#include <gtest/gtest.h>

#include <map>
#include <new>
#include <set>

#include "eval/search/resident_set.hpp"
#include "eval/task/batches.hpp"
#include "eval/task/ctc/ctc_session.hpp"
#include "tests/datasets/layouts/data_folder.hpp"
#include "tests/eval/search/swept.hpp"
#include "tests/support/borrowed.hpp"
#include "tests/support/safetensors.hpp"

namespace edgeval::test {
namespace {

// Fails in ways that a test asks for.
struct Failing {
  Index most = 1000;         // lanes for which there is memory
  Index receives = -1;       // how many results arrive before memory runs out, once; -1: all
  bool halfway = false;      // whether lanes that are too many are noticed behind the work
  Index most_points = 1000;  // points for which there is memory
};

class FailingEngine final : public Engine, private ResultSink {
 public:
  FailingEngine(std::shared_ptr<const Model> model, Failing& failing)
      : inner_(make_cpu_engine(std::move(model), {.threads = 1})), failing_(failing) {}
  std::string device() const override { return "small"; }
  bool on_gpu() const override { return false; }
  void run(PreparedBatch& batch, std::span<const OperatingPoint> points, const Wanted& wanted,
           ResultSink& sink, LayerObserver* observer) override {
    const bool too_many =
        batch.features().sequences() > failing_.most || std::ssize(points) > failing_.most_points;
    if (too_many && !failing_.halfway) throw std::bad_alloc();
    sink_ = &sink;
    inner_->run(batch, points, wanted, *this, observer);
    if (too_many) throw std::bad_alloc();
  }

 private:
  void receive(std::span<const Index> points, Index first, BatchResult&& result) override {
    if (failing_.receives >= 0 && failing_.receives-- == 0) throw std::bad_alloc();
    sink_->receive(points, first, std::move(result));
  }

  const std::unique_ptr<Engine> inner_;
  Failing& failing_;
  ResultSink* sink_ = nullptr;
};

class SpeechSweep : public ::testing::Test {
 protected:
  SpeechSweep() {
    const std::vector<Index> frames{0, 1, 8, 3, 8, 23, 12};  // one is shorter than a frame
    const std::vector<std::string> texts{"", "a", "a b c", "b c", "c a", "a a b b c c", "b"};
    for (std::size_t n = 0; n < frames.size(); ++n) {
      const std::string id = "u" + std::to_string(n);
      const Index samples = frames[n] == 0 ? 399 : 400 + 160 * (frames[n] - 1);
      set_.utterances.push_back(
          {id, folder_.audio(id + ".wav", {.samples = static_cast<int>(samples)}), texts[n], ""});
    }
    model_.tokens = {"", "a", "b", " ", "c"};
  }
  CtcSession session() { return session(failing_); }
  CtcSession session(Failing& failing) {
    return {borrowed(model_), set_, {.seed = 9}, {.threads = 1}, [&failing](const auto& model) {
              return std::make_unique<FailingEngine>(model, failing);
            }};
  }
  std::vector<Point> points() const { return every_point(model_, 0, 2); }

  DataFolder folder_;
  data::TestSet set_;
  Failing failing_;
  Model model_ = random_model({.inputs = 4,
                               .lstm = {{.cells = 3, .directions = kBothDirections}, {.cells = 4}},
                               .outputs = 5,
                               .gain = 3},
                              5);
};

TEST_F(SpeechSweep, GivesForEveryPointWhatItGivesAlone) {
  auto session = this->session();
  expect_as_alone(session, points());
}

TEST_F(SpeechSweep, IsTheSameWhenProcessesShareIt) {
  const std::vector<Point> points = this->points();
  CtcSession session = this->session();
  const Swept whole(session, points, 3);
  for (const int processes : {2, 5})
    expect_same_results(Swept(session, points, 3, 0, processes), whole, std::ssize(points));
}

TEST_F(SpeechSweep, IsTheSameWhenMemoryRunsOut) {
  const std::vector<Point> points = this->points();
  CtcSession enough = session();
  const Swept expected(enough, points, 4);
  for (const bool halfway : {false, true})
    for (const Index most : {1, 3}) {
      SCOPED_TRACE(testing::Message() << "memory for " << most << ", noticed " << halfway);
      Failing failing{.most = most, .halfway = halfway};
      CtcSession small = session(failing);
      expect_same_results(Swept(small, points, 4, halfway ? 3 : 0), expected, std::ssize(points));
    }
}

// Points that had their results before memory ran out keep them, and the others run again.
TEST_F(SpeechSweep, IsTheSameWhenMemoryRunsOutAfterAnyResult) {
  std::vector<Point> points = this->points();
  points.erase(points.begin() + 4, points.end() - 6);
  CtcSession enough = session();
  const Swept expected(enough, points, 7);
  Index receives = 0;
  for (;; ++receives) {
    SCOPED_TRACE(testing::Message() << "after " << receives << " results");
    Failing failing{.receives = receives};
    CtcSession small = session(failing);
    // All seven items at once, or four and three.
    const Index at_once = receives % 2 == 0 ? 0 : 4;
    expect_same_results(Swept(small, points, 7, at_once), expected, std::ssize(points));
    if (failing.receives >= 0) break;  // memory did not run out
    ASSERT_LT(receives, 1000);
  }
  EXPECT_GE(receives, std::ssize(points));
}

TEST_F(SpeechSweep, EndsWhenMemoryDoesNotSufficeForOne) {
  const std::vector<Point> points = this->points();
  Failing failing{.most = 0};
  CtcSession small = session(failing);
  EXPECT_THROW(Swept(small, points, 4), OutOfMemoryForOne);
}

// The totals of the points on the set that stays ready, in calls of so many points.
std::vector<std::optional<PointTotal>> resident_totals(Session& session,
                                                       const std::vector<Point>& points,
                                                       std::size_t at_once) {
  ResidentSet set(session, "item", {});
  std::vector<std::optional<PointTotal>> totals;
  for (std::size_t first = 0; first < points.size(); first += at_once) {
    const std::size_t count = std::min(at_once, points.size() - first);
    for (std::optional<PointTotal>& total : set.run(std::span(points).subspan(first, count), 9, {}))
      totals.push_back(std::move(total));
  }
  return totals;
}

TEST_F(SpeechSweep, OfAResidentSetGivesWhatEachPointGivesAlone) {
  const std::vector<Point> points = this->points();
  CtcSession whole = session();
  const std::vector<PointResult> alone = evaluate(whole, points).points;
  const auto expect_alone = [&](Failing failing, std::size_t at_once) {
    SCOPED_TRACE(testing::Message() << failing.most << " lanes, " << failing.most_points << " of "
                                    << at_once << " points, " << failing.receives << " results");
    CtcSession session = this->session(failing);
    const auto totals = resident_totals(session, points, at_once);
    ASSERT_EQ(totals.size(), points.size());
    for (std::size_t p = 0; p < points.size(); ++p) {
      ASSERT_TRUE(totals[p].has_value()) << p;
      expect_equal(*totals[p], alone[p]);
    }
  };
  expect_alone({}, 1);
  expect_alone({}, points.size());
  expect_alone({.most = 3}, 7);
  expect_alone({.most = 1, .halfway = true}, points.size());
  expect_alone({.most_points = 1}, points.size());
  expect_alone({.halfway = true, .most_points = 2}, points.size());
  for (const Index receives : {0, 1, 8, 20}) expect_alone({.receives = receives}, points.size());
}

TEST_F(SpeechSweep, OfAResidentSetHasNoTotalWhereMemoryDoesNotSuffice) {
  const std::vector<Point> points = this->points();
  Failing failing{.most = 0};
  CtcSession small = session(failing);
  ResidentSet set(small, "item", {});
  for (const auto& total : set.run(points, 9, {})) EXPECT_FALSE(total.has_value());
  failing.most = 1000;  // the next points have memory again
  for (const auto& total : set.run(points, 9, {})) EXPECT_TRUE(total.has_value());
  EXPECT_TRUE(set.run({}, 9, {}).empty());
}

TEST_F(SpeechSweep, RunsOnlyWhatTheJournalLacks) {
  const std::vector<Point> points = this->points();
  CtcSession session = this->session();
  const Swept whole(session, points, 3);
  const Index blocks = std::ssize(whole.blocks);
  const TemporaryFolder folder;
  SweepJournal journal(folder.path(), kSweptHead, {std::ssize(points), blocks}, "1");
  const BlockResult marked{{{5}}, {}, {}};  // what no point makes
  for (Index p = 0; p < std::ssize(points); ++p)
    for (Index b = 0; b < blocks; ++b)
      if ((p + b) % 3 == 0) journal.add(p, b, marked);
  std::vector<SweepUnit> units = share_of_units(session, points, whole.blocks, {});
  leave_out_done(units, journal);
  run_units(session, points, {whole.blocks}, units, journal, "item", {});
  for (Index p = 0; p < std::ssize(points); ++p)
    for (Index b = 0; b < blocks; ++b)
      EXPECT_EQ(journal.result(p, b), (p + b) % 3 == 0 ? marked : whole.journal->result(p, b));
  leave_out_done(units, journal);
  EXPECT_TRUE(units.empty());
}

TEST_F(SpeechSweep, TellsTheShapesOfEveryPointBeforeItRuns) {
  auto session = this->session();
  expect_shapes_known_before(session, points());
}

TEST(SweepUnits, HoldEveryPointOfEveryBlockOnceAndAsManyAsAreWanted) {
  const Model model = random_model({.inputs = 2, .lstm = {{}, {}}, .outputs = 2}, 1);
  const std::vector<Point> points = every_point(model, 0, 2);
  for (const std::size_t least : {1, 4, 5, 12, 1000}) {
    std::map<std::pair<Index, Index>, int> seen;
    const std::vector<SweepUnit> units = cut_into_units(points, 4, least);
    EXPECT_GE(units.size(), std::min(least, 4 * points.size()));
    for (const SweepUnit& unit : units)
      for (const Index point : unit.points) ++seen[{point, unit.block}];
    EXPECT_EQ(seen.size(), 4 * points.size());
    for (const auto& [work, times] : seen) EXPECT_EQ(times, 1);
  }
}

TEST(SweepUnits, OfOneBlockHoldTheChosenPointsOnce) {
  const std::vector<Point> points(10);
  const std::vector<Index> chosen{1, 4, 5, 7, 9};
  for (const std::size_t parts : {1U, 2U, 3U, 8U}) {
    std::vector<Index> held;
    const std::vector<SweepUnit> units = cut_block(points, 3, chosen, parts);
    EXPECT_LE(units.size(), parts);
    for (const SweepUnit& unit : units) {
      EXPECT_EQ(unit.block, 3);
      EXPECT_LE(unit.points.size(), (chosen.size() + parts - 1) / parts);
      held.insert(held.end(), unit.points.begin(), unit.points.end());
    }
    std::ranges::sort(held);
    EXPECT_EQ(held, chosen);
  }
}

TEST_F(SpeechSweep, SharesHoldEveryPointOfEveryBlockOnceAndAreAboutAsLarge) {
  const std::vector<Point> points = this->points();
  CtcSession session = this->session();
  session.batches();
  const Blocks blocks = cut_into_blocks(session.items(), 2, 7);
  for (const int parts : {1, 2, 3, 8}) {
    SCOPED_TRACE(parts);
    std::map<std::pair<Index, Index>, int> seen;
    double most = 0, least = 1e9, largest_unit = 0;
    for (int part = 0; part < parts; ++part) {
      double work = 0;
      const std::vector<SweepUnit> units = share_of_units(session, points, blocks, {part, parts});
      for (const SweepUnit& unit : units) {
        for (const Index point : unit.points) ++seen[{point, unit.block}];
        double length = 1;
        for (const Index item : blocks[static_cast<std::size_t>(unit.block)])
          length += static_cast<double>(session.item(item).length);
        work += length * static_cast<double>(unit.points.size());
        largest_unit = std::max(largest_unit, length * static_cast<double>(unit.points.size()));
      }
      most = std::max(most, work), least = std::min(least, work);
    }
    EXPECT_EQ(seen.size(), blocks.size() * points.size());
    for (const auto& [work, times] : seen) EXPECT_EQ(times, 1);
    EXPECT_LE(most, least + largest_unit);
    EXPECT_GT(least, 0);
  }
}

TEST(SweepUnits, KeepPointsTogetherThatShareLayers) {
  const Model model = random_model({.inputs = 2, .lstm = {{}, {}}, .outputs = 2}, 1);
  const OperatingPoint dense = dense_point(model);
  std::vector<Point> points;
  for (const double second : {0.1, 0.2, 0.3})
    for (const double first : {0.1, 0.2, 0.3}) {
      OperatingPoint layers = dense;
      layers.layers[0].operand = Delta{first, 0};
      layers.layers[1].operand = Delta{second, 0};
      points.push_back({AsTrained{}, layers});
    }
  const std::vector<SweepUnit> units = cut_into_units(points, 1, 3);
  ASSERT_EQ(units.size(), 3u);
  std::set<std::vector<Index>> found;
  for (const SweepUnit& unit : units) found.insert(unit.points);
  EXPECT_EQ(found, (std::set<std::vector<Index>>{{0, 3, 6}, {1, 4, 7}, {2, 5, 8}}));
}

// By hand: 4 points on 3 layers are 12 runs of a layer in a unit. The points make two choices for
// the first layer and three for both, and the linear layer runs for each of the four but for the
// two that are the same.
TEST_F(SpeechSweep, EstimatesWhatPointsShare) {
  const OperatingPoint dense = dense_point(model_);
  OperatingPoint first = dense, second = dense;
  first.layers[0].operand = Delta{0.3, 0.2};
  second.layers[1].operand = Delta{0.3, 0.2};
  std::vector<Point> points;
  for (const OperatingPoint& layers : {dense, first, second, dense})
    points.push_back({AsTrained{}, layers});
  CtcSession session = this->session();
  session.batches();
  const Blocks blocks = cut_into_blocks(session.items(), 4, 7);
  const SweepEstimate found =
      estimate(session, points, blocks, share_of_units(session, points, blocks, {}));
  EXPECT_EQ(found.runs, 2 * 12);
  EXPECT_EQ(found.shared_runs, 2 * (2 + 3 + 3));
  EXPECT_GT(found.seconds, 0);
  EXPECT_GT(found.bytes, 0);
}

}  // namespace
}  // namespace edgeval::test
