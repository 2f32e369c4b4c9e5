// Points that vary the weights: each is what it is alone, and the networks that a session holds at
// once do not grow with the points.
#include <gtest/gtest.h>

#include "eval/task/ctc/ctc_session.hpp"
#include "tests/datasets/layouts/data_folder.hpp"
#include "tests/eval/search/swept.hpp"
#include "tests/support/safetensors.hpp"

namespace edgeval::test {
namespace {

class WeightsSweep : public ::testing::Test {
 protected:
  WeightsSweep() {
    for (int n = 0; n < 4; ++n) {
      const std::string id = "u" + std::to_string(n);
      set_.utterances.push_back(
          {id, folder_.audio(id + ".wav", {.samples = 900 + 800 * n}), "a", ""});
    }
    model_->tokens = {"", "a", "b", " ", "c"};
  }

  CtcSession session() {
    return {model_, set_, {.seed = 9}, {.threads = 1}, [this](const auto& network) {
              made_.push_back(network);
              most_ = std::max(most_, std::ranges::count_if(
                                          made_, [](const auto& each) { return !each.expired(); }));
              return make_cpu_engine(network, {.threads = 1});
            }};
  }
  // Points with different shares, in an order in which a network comes back after another; every
  // third has integers, for which a session looks at the weights.
  std::vector<Point> points(int count) const {
    std::vector<Point> points;
    for (int n = 0; n < count; ++n) {
      points.push_back({Pruned{.share = (n * 7 % count) / (count + 1.0)}, dense_point(*model_)});
      if (n % 3 == 0)
        for (LayerPolicy& layer : points.back().layers.layers)
          layer.arithmetic = Int16{{.input_bits = 12}};
    }
    points.push_back({AsTrained{}, dense_point(*model_)});
    return points;
  }
  // Does with so many points all that a sweep does, and returns the most networks that engines were
  // made for and that were held at once.
  std::ptrdiff_t most_networks(int count) {
    made_.clear(), most_ = 0;
    CtcSession session = this->session();
    const std::vector<Point> points = this->points(count);
    for (const Point& point : points) session.busiest(point);
    const Swept swept(session, points, 2);
    const std::size_t made = made_.size();
    for (std::size_t p = 0; p < points.size(); ++p)
      total_of(session, points[p], static_cast<Index>(p), swept.blocks, *swept.journal, 9);
    EXPECT_EQ(made_.size(), made);  // tables need no engine
    return most_;
  }

  DataFolder folder_;
  data::TestSet set_;
  const std::shared_ptr<Model> model_ = std::make_shared<Model>(random_model(
      {.inputs = 4, .lstm = {{.cells = 3, .directions = kBothDirections}}, .outputs = 5, .gain = 3},
      5));
  std::vector<std::weak_ptr<const Model>> made_;
  std::ptrdiff_t most_ = 0;
};

TEST_F(WeightsSweep, HoldsAsManyNetworksForFortyPointsAsForEight) {
  EXPECT_EQ(most_networks(8), 2);  // the one as trained, and another
  EXPECT_EQ(most_networks(40), 2);
}

TEST_F(WeightsSweep, GivesForEveryPointWhatAFreshSessionGives) {
  const std::vector<Point> points = this->points(8);
  CtcSession session = this->session();
  const Swept swept(session, points, 3);
  for (std::size_t p = 0; p < points.size(); ++p) {
    SCOPED_TRACE(testing::Message() << "point " << p);
    CtcSession fresh = this->session();
    expect_equal(
        total_of(session, points[p], static_cast<Index>(p), swept.blocks, *swept.journal, 9),
        evaluate(fresh, {points[p]}).points[0]);
  }
}

// The network has 2 x (12 x 4 + 12 x 3) + 5 x 6 = 198 weights of 4 bytes. A point of other weights
// takes a second one; each is also packed.
TEST_F(WeightsSweep, EstimatesTheBytesOfASecondNetwork) {
  CtcSession session = this->session();
  session.batches();
  const Blocks blocks = cut_into_blocks(session.items(), 99, 7);
  const auto bytes = [&](const Weights& weights) {
    const std::vector<Point> points{{weights, dense_point(*model_)}};
    return estimate(session, points, blocks, share_of_units(session, points, blocks, {})).bytes;
  };
  EXPECT_EQ(bytes(Binary{}) - bytes(AsTrained{}), 2 * 198 * 4);
}

}  // namespace
}  // namespace edgeval::test
