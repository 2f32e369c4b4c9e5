// Draws random searches of a translation's decoder, compares what searches found, and checks that
// several points in one call give what each point gives alone.
#pragma once

#include <gtest/gtest.h>

#include "host/engine/translate/decoder_engine.hpp"
#include "tests/support/translation_case.hpp"

namespace edgeval::test {

inline SearchOptions random_search(Random& random) {
  const double width = static_cast<double>(random.whole(1, 6));
  SearchOptions options{.beam = random.of<Beam>({FixedBeam{width}, DynamicBeam{1, width, 0.2, 1.5},
                                                 PrunedBeam{width, 0.3, 2}}),
                        .longest = static_cast<int>(random.whole(1, 14))};
  options.shortest = static_cast<int>(random.whole(0, options.longest - 1));
  options.n_best = static_cast<int>(random.whole(1, widest_of(options.beam)));
  options.penalty =
      random.of<LengthPenalty>({LengthPenalty::kNone, LengthPenalty::kWu, LengthPenalty::kAverage});
  options.alpha = 0.8;
  return options;
}

// Returns points with random policies for the decoder's layers. `floats` says whether fp32 is among
// the arithmetics. The encoder's layers are dense and in fp32.
inline std::vector<SearchPoint> random_searches(Random& random, const TranslationModel& model,
                                                int count, bool floats) {
  std::vector<SearchPoint> points;
  for (int p = 0; p < count; ++p)
    points.push_back({random_policies(random, model, floats), random_search(random)});
  return points;
}

inline void expect_equal(const SearchResult& found, const SearchResult& expected) {
  ASSERT_EQ(found.best.size(), expected.best.size());
  for (std::size_t i = 0; i < expected.best.size(); ++i) {
    EXPECT_EQ(found.best[i].tokens, expected.best[i].tokens);
    EXPECT_EQ(found.best[i].attended, expected.best[i].attended);
    EXPECT_EQ(found.best[i].score, expected.best[i].score);
    EXPECT_EQ(found.best[i].log_probability, expected.best[i].log_probability);
    EXPECT_EQ(found.best[i].ended, expected.best[i].ended);
  }
  EXPECT_EQ(found.counts, expected.counts);
  EXPECT_EQ(found.spreads, expected.spreads);
  ASSERT_EQ(found.activity.layers.size(), expected.activity.layers.size());
  for (std::size_t l = 0; l < expected.activity.layers.size(); ++l)
    EXPECT_EQ(found.activity.layers[l], expected.activity.layers[l])
        << expected.activity.layers[l].shape.name;
}

// Keeps all results, and checks that the points come in their order.
class OrderedSearches final : public SearchSink {
 public:
  std::vector<std::vector<SearchResult>> points;

  void receive(Index point, std::vector<SearchResult>&& results) override {
    EXPECT_EQ(point, std::ssize(points));
    points.push_back(std::move(results));
  }
};

inline void expect_searches_as_alone(DecoderEngine& engine, const EncodedBatch& batch,
                                     const std::vector<SearchPoint>& points) {
  OrderedSearches together;
  engine.search(batch, points, together);
  ASSERT_EQ(together.points.size(), points.size());
  for (std::size_t p = 0; p < points.size(); ++p) {
    const std::vector<SearchResult> alone =
        engine.search(batch, points[p].layers, points[p].search);
    ASSERT_EQ(together.points[p].size(), alone.size());
    for (std::size_t n = 0; n < alone.size(); ++n) {
      SCOPED_TRACE(testing::Message() << "point " << p << ", sentence " << n);
      expect_equal(together.points[p][n], alone[n]);
    }
  }
}

}  // namespace edgeval::test
