// Checks that several points in one call of an engine give what each point gives alone, in the
// order of the batch, and nothing that was not wanted.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "host/engine/engine.hpp"

namespace edgeval::test {

// Keeps all results in the order of the batch, and checks that the utterances of each point come
// once.
class OrderedResults final : public ResultSink {
 public:
  void receive(std::span<const Index> points, Index first, BatchResult&& result) override {
    EXPECT_FALSE(points.empty());
    for (const Index point : points)
      EXPECT_TRUE(parts_[point].emplace(first, copy_of(result)).second);
  }
  BatchResult& of(Index point) {
    for (auto& [first, part] : parts_.at(point)) {
      EXPECT_EQ(first, results_[point].utterances());
      results_[point].append(std::move(part));
    }
    parts_.at(point).clear();
    return results_[point];
  }
  Index points() const { return std::ssize(parts_); }

 private:
  static BatchResult copy_of(const BatchResult& result) {
    BatchResult copy{.outputs = slice(result.outputs, 0, result.outputs.sequences()),
                     .activity = result.activity,
                     .best = slice(result.best, 0, result.best.sequences()),
                     .searches = result.searches,
                     .final_states = {}};
    for (const auto& layer : result.final_states) {
      auto& of_layer = copy.final_states.emplace_back();
      for (const FinalStates& states : layer)
        of_layer.push_back({states.h.clone(), states.c.clone()});
    }
    return copy;
  }

  std::map<Index, std::map<Index, BatchResult>> parts_;  // by point and first utterance
  std::map<Index, BatchResult> results_;
};

inline OrderedResults results_of(Engine& engine,
                                 const std::shared_ptr<const Ragged<float>>& features,
                                 std::span<const OperatingPoint> points, const Wanted& wanted) {
  OrderedResults results;
  engine.run(*engine.prepare(features), points, wanted, results);
  return results;
}

// Returns the number of the greatest output of each frame, the lowest of equal ones.
inline std::vector<int> greatest_by_hand(MatrixView<const float> outputs) {
  std::vector<int> places;
  for (Index t = 0; t < outputs.rows; ++t)
    places.push_back(static_cast<int>(
        std::max_element(outputs.row(t), outputs.row(t) + outputs.cols) - outputs.row(t)));
  return places;
}

inline void expect_points_as_alone(Engine& engine, const Ragged<float>& features,
                                   const std::vector<OperatingPoint>& points) {
  const auto batch =
      engine.prepare(std::make_shared<Ragged<float>>(slice(features, 0, features.sequences())));
  OrderedResults all, best, nothing;
  engine.run(*batch, points, {.outputs = true, .final_states = true}, all);
  engine.run(*batch, points, {.best = true}, best);
  engine.run(*batch, points, {}, nothing);
  for (OrderedResults* results : {&all, &best, &nothing})
    ASSERT_EQ(results->points(), static_cast<Index>(points.size()));
  for (Index p = 0; p < all.points(); ++p) {
    SCOPED_TRACE(testing::Message() << "point " << p);
    const BatchResult alone = engine.run(features, points[static_cast<std::size_t>(p)]);
    EXPECT_EQ(all.of(p).activity, alone.activity);
    EXPECT_EQ(best.of(p).activity, alone.activity);
    EXPECT_EQ(nothing.of(p).activity, alone.activity);
    EXPECT_EQ(all.of(p).outputs.offsets, alone.outputs.offsets);
    EXPECT_TRUE(
        std::ranges::equal(all.of(p).outputs.values.values(), alone.outputs.values.values()));
    EXPECT_EQ(best.of(p).outputs.values.size(), 0);
    EXPECT_EQ(nothing.of(p).outputs.values.size(), 0);
    EXPECT_EQ(nothing.of(p).best.values.size(), 0);
    EXPECT_TRUE(best.of(p).final_states.empty());
    ASSERT_EQ(best.of(p).best.sequences(), features.sequences());
    for (Index n = 0; n < features.sequences(); ++n) {
      const auto places = std::as_const(best.of(p).best).sequence(n);
      EXPECT_TRUE(std::ranges::equal(std::span(places.data, static_cast<std::size_t>(places.rows)),
                                     greatest_by_hand(alone.outputs.sequence(n))))
          << "utterance " << n;
    }
  }
}

// Checks that the final h of each direction is the output of its last step, which is at the last
// frame of a forward direction and at the first frame of a backward one.
inline void expect_last_states(const Model& model, const BatchResult& result, std::size_t layer,
                               const Ragged<float>& outputs) {
  const auto& cells = std::get<RecurrentLayer>(model.layers[layer]);
  ASSERT_EQ(result.final_states.at(layer).size(), cells.directions.size());
  for (std::size_t d = 0; d < cells.directions.size(); ++d)
    for (Index n = 0; n < outputs.sequences(); ++n) {
      if (outputs.length(n) == 0) continue;
      const auto frames = outputs.sequence(n);
      const bool backward = cells.directions[d] == Direction::kBackward;
      const float* last =
          frames.row(backward ? 0 : frames.rows - 1) + static_cast<Index>(d) * cells.width();
      EXPECT_TRUE(std::equal(last, last + cells.width(), result.final_states[layer][d].h.row(n)))
          << "utterance " << n << ", direction " << d;
    }
}

}  // namespace edgeval::test
