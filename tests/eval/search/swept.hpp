// Sweeps points over a session into a journal of a test's own, and compares what comes of it with
// what each point makes alone.
#pragma once

#include <gtest/gtest.h>

#include <fstream>
#include <optional>

#include "eval/command/evaluate.hpp"
#include "eval/policy/choices.hpp"
#include "eval/search/blocks.hpp"
#include "eval/search/sweep.hpp"
#include "tests/support/temporary_folder.hpp"

namespace edgeval::test {

inline const nlohmann::ordered_json kSweptHead{{"sweep", 1}};

// Every technique that a recurrent layer may take, one per policy, with all parameters chosen.
inline std::vector<LayerPolicy> every_policy() {
  const LayerPolicy dense{EveryStep{}, AsIs{}};
  std::vector<LayerPolicy> all{dense};
  const auto with = [&](const auto& change) { change(all.emplace_back(dense)); };
  static_assert(std::variant_size_v<Plan> == 2 && std::variant_size_v<OperandChoice> == 5 &&
                std::variant_size_v<Arithmetic> == 3);
  with([](LayerPolicy& p) { p.plan = SimilaritySkip{.threshold = 0.3, .fraction_bits = 12}; });
  with([](LayerPolicy& p) {
    p.arithmetic = Int16{{.input_bits = 12}};
    p.plan = SimilaritySkip{
        .threshold = 0.9, .fraction_bits = 12, .pseudo_threshold = 0.2, .delta_scale = 0.0625};
  });
  with([](LayerPolicy& p) { p.operand = Reuse{8, -2, 2}; });
  with([](LayerPolicy& p) { p.operand = Delta{0.3, 0.2}; });
  with([](LayerPolicy& p) { p.operand = Delta{0.1, 0.1}; });
  with([](LayerPolicy& p) {
    p.operand = Memoized{.threshold = 0.4, .predictor = MemoPredictor::kBinary};
  });
  with([](LayerPolicy& p) {
    p.operand = Memoized{.threshold = 0.4, .predictor = MemoPredictor::kOracle};
  });
  with([](LayerPolicy& p) { p.operand = DynamicPrecision{.input_alpha = 2.3}; });
  with([](LayerPolicy& p) {
    p.operand = DynamicPrecision{.selector = PrecisionSelector::kRandom, .input_alpha = 2.3};
  });
  with([](LayerPolicy& p) { p.arithmetic = Int16{{.input_bits = 12}}; });
  with([](LayerPolicy& p) { p.arithmetic = Int8{{.input_bits = 5}}; });
  with([](LayerPolicy& p) { p.arithmetic = Int8{{.input_bits = 5}}, p.operand = Delta{0.3, 0.2}; });
  with([](LayerPolicy& p) {
    p.plan = SimilaritySkip{.threshold = 0.3, .fraction_bits = 12}, p.operand = Reuse{8, -2, 2};
  });
  for_each_technique<Nonlinearity>(
      [&](const auto& curve) { with([&](LayerPolicy& p) { p.nonlinearity = curve; }); });
  return all;
}

// Points with every policy on the layers from first to last, with every choice of weights, and
// with techniques on one layer alone, so that points have their first layers in common.
inline std::vector<Point> every_point(const Model& network, std::size_t first, std::size_t last) {
  const OperatingPoint dense = dense_point(network);
  std::vector<Point> points;
  const auto add = [&](const Weights& weights, const LayerPolicy& policy, std::size_t from) {
    points.push_back({weights, dense});
    for (std::size_t l = from; l < last; ++l) points.back().layers.layers[l] = policy;
  };
  for (const LayerPolicy& policy : every_policy()) add(AsTrained{}, policy, first);
  for_each_technique<Weights>([&](const auto& weights) {
    add(weights, {EveryStep{}, AsIs{}}, first);
  });
  add(Binary{}, {EveryStep{}, Delta{0.3, 0.2}}, first);
  add(AsTrained{}, {EveryStep{}, Delta{0.3, 0.2}}, last - 1);
  add(AsTrained{}, {EveryStep{}, Delta{0.1, 0.2}}, last - 1);
  add(AsTrained{}, {EveryStep{}, AsIs{}}, first);  // the first point once more
  return points;
}

inline void expect_equal(const PointTotal& found, const PointResult& alone) {
  ASSERT_EQ(found.metrics.size(), alone.metrics.size());
  for (std::size_t m = 0; m < found.metrics.size(); ++m) {
    const Metric &metric = found.metrics[m], &expected = alone.metrics[m];
    EXPECT_EQ(metric.name, expected.name);
    EXPECT_EQ(metric.signature, expected.signature);
    EXPECT_EQ(metric.value, expected.value) << metric.name;
    EXPECT_EQ(metric.ci95, expected.ci95) << metric.name;
    EXPECT_EQ(metric.edits, expected.edits) << metric.name;
  }
  EXPECT_EQ(found.activity, alone.total());
  EXPECT_EQ(found.search, alone.search());
}

// A journal in a folder of its own, in which all units ran; those of several processes one after
// the other, each with its file.
struct Swept {
  Swept(Session& session, const std::vector<Point>& points, Index block, Index at_once = 0,
        int processes = 1)
      : blocks((session.batches(), cut_into_blocks(session.items(), block, 7))) {
    for (int part = 0; part < processes; ++part) {
      const std::string name = std::to_string(part + 1);
      SweepJournal own(folder.path(), kSweptHead, size(points), name);
      std::vector<SweepUnit> units = share_of_units(session, points, blocks, {part, processes});
      leave_out_done(units, own);
      run_units(session, points, {blocks, at_once}, units, own, "item", {});
      std::ifstream text(folder.path() / (name + ".jsonl"));
      for (std::string line; std::getline(text, line);) ++lines;
    }
    journal.emplace(folder.path(), kSweptHead, size(points));
    EXPECT_EQ(journal->results(), std::ssize(points) * std::ssize(blocks));
    EXPECT_EQ(lines, journal->results() + processes);  // each result once, and the heads
  }

  SweepJournal::Size size(const std::vector<Point>& points) const {
    return {std::ssize(points), std::ssize(blocks)};
  }

  const TemporaryFolder folder;
  const Blocks blocks;
  Index lines = 0;
  std::optional<SweepJournal> journal;
};

inline void expect_as_alone(Session& session, const std::vector<Point>& points, const Swept& swept,
                            const std::vector<PointResult>& alone) {
  for (std::size_t p = 0; p < points.size(); ++p) {
    SCOPED_TRACE(testing::Message() << "point " << p);
    expect_equal(
        total_of(session, points[p], static_cast<Index>(p), swept.blocks, *swept.journal, 9),
        alone[p]);
  }
}

inline void expect_same_results(const Swept& found, const Swept& expected, Index points) {
  for (Index point = 0; point < points; ++point)
    for (Index block = 0; block < std::ssize(expected.blocks); ++block)
      EXPECT_EQ(found.journal->result(point, block), expected.journal->result(point, block))
          << "point " << point << ", block " << block;
}

// Runs the points in blocks of one item, of three and of all, and compares each with its run alone;
// how many items of a block run at once must change nothing.
inline void expect_as_alone(Session& session, const std::vector<Point>& points) {
  const std::vector<PointResult> alone = evaluate(session, points).points;
  for (const Index block : {1, 3, 99}) {
    SCOPED_TRACE(testing::Message() << "blocks of " << block);
    const Swept whole(session, points, block);
    expect_as_alone(session, points, whole, alone);
    for (const Index at_once : {1, 2})
      if (at_once < block)
        expect_same_results(Swept(session, points, block, at_once), whole, std::ssize(points));
  }
}

// What accelerators are chosen by, before anything runs, must have the shapes of what runs.
inline void expect_shapes_known_before(Session& session, const std::vector<Point>& points) {
  const std::vector<PointResult> alone = evaluate(session, points).points;
  for (std::size_t p = 0; p < points.size(); ++p) {
    const Activity found = session.busiest(points[p]), expected = alone[p].total();
    ASSERT_EQ(found.layers.size(), expected.layers.size());
    for (std::size_t l = 0; l < expected.layers.size(); ++l)
      EXPECT_EQ(found.layers[l].shape, expected.layers[l].shape) << "point " << p << ' ' << l;
  }
}

}  // namespace edgeval::test
