#include "host/engine/ctc_beam.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "host/body/ctc_beam.hpp"
#include "host/body/greatest.hpp"
#include "host/engine/ctc.hpp"
#include "host/numeric/random.hpp"
#include "tests/literal/literal_ctc.hpp"

namespace edgeval::test {
namespace {

// Outputs [T, V], uniform on [-spread, spread).
Matrix<float> drawn_outputs(SplitMix64& random, Index frames, Index tokens, double spread) {
  Matrix<float> outputs(frames, tokens);
  for (Index t = 0; t < frames; ++t)
    for (Index v = 0; v < tokens; ++v)
      outputs(t, v) = static_cast<float>(spread * (2 * random.uniform() - 1));
  return outputs;
}

TEST(CtcBeam, LogarithmsAddUpAsInDouble) {
  const SoftmaxTables& tables = softmax_tables();
  const auto nats = [](std::int64_t log) { return static_cast<double>(log) / (1 << kStateBits); };
  SplitMix64 random(2);
  for (int trial = 0; trial < 20000; ++trial) {
    const auto a = -static_cast<std::int64_t>(random.below(std::uint64_t{400} << kStateBits));
    const std::int64_t b = a - static_cast<std::int64_t>(random.below(std::uint64_t{1} << 25));
    ASSERT_NEAR(nats(log_add(tables, a, b)), literal::log_of_sum(nats(a), nats(b)), 0x1p-19);
    ASSERT_EQ(log_add(tables, a, b), log_add(tables, b, a));
  }
  EXPECT_EQ(log_add(tables, -7, kNeverLog), -7);
  EXPECT_FALSE(is_possible(log_add(tables, kNeverLog - 5, kNeverLog)));
}

TEST(CtcBeam, LogarithmsOfAFrameAreThoseOfASoftmax) {
  SplitMix64 random(3);
  for (const double spread : {0.01, 1.0, 20.0, 500.0}) {
    const Matrix<float> outputs = drawn_outputs(random, 40, 33, spread);
    for (Index t = 0; t < outputs.rows(); ++t) {
      const FrameSum frame = frame_sum(SerialBlock{}, softmax_tables(), outputs.row(t), 33);
      const std::vector<double> expected = literal::log_softmax(outputs.row(t), 33);
      for (std::size_t v = 0; v < expected.size(); ++v)
        ASSERT_NEAR(
            static_cast<double>(frame.log_probability(outputs.row(t)[v])) / (1 << kStateBits),
            expected[v], 0x1p-18);
    }
  }
}

// A beam that drops nothing finds the text that is the likeliest over all ways.
TEST(CtcBeam, FindsTheLikeliestOfAllTexts) {
  SplitMix64 random(4);
  for (int trial = 0; trial < 150; ++trial) {
    const auto tokens = static_cast<Index>(2 + random.below(3));
    const Matrix<float> outputs =
        drawn_outputs(random, static_cast<Index>(random.below(6)), tokens, 1.5);
    const int blank = static_cast<int>(random.below(static_cast<std::uint64_t>(tokens)));
    const auto all = literal::probabilities_of_all_texts(outputs.view(), blank);
    const auto likeliest =
        std::ranges::max_element(all, {}, [](const auto& text) { return text.second; });
    const CtcSearch found = ctc_beam_search(outputs.view(), blank, FixedBeam{1000});
    ASSERT_EQ(found.ids, likeliest->first) << "trial " << trial;
    ASSERT_NEAR(found.score, std::log(likeliest->second), 1e-4);
  }
}

TEST(CtcBeam, IsTheLiteralSearchWithEveryBeam) {
  SplitMix64 random(5);
  for (const Beam& beam :
       {Beam(FixedBeam{1}), Beam(FixedBeam{2}), Beam(FixedBeam{8}), Beam(FixedBeam{25}),
        Beam(DynamicBeam{1, 8, 0.2, 1.5}), Beam(PrunedBeam{12, 0.05, 2})})
    for (const Index tokens : {2, 4, 12})
      for (const double spread : {0.5, 3.0}) {
        const Matrix<float> outputs = drawn_outputs(random, 60, tokens, spread);
        const literal::FoundText expected = literal::ctc_prefix_search(outputs.view(), 0, beam);
        const CtcSearch found = ctc_beam_search(outputs.view(), 0, beam);
        ASSERT_EQ(found.ids, expected.text);
        ASSERT_NEAR(found.score, expected.score, 1e-3);
        ASSERT_EQ(found.rows, expected.rows);
        ASSERT_EQ(found.beam_width_sum, expected.beam_width_sum);
      }
}

// Of three tokens that are alike, blank 0: after one frame all texts have 1/3, after two 1 and 2
// have 3/9 each, and the others 1/9.
TEST(CtcBeam, BreaksTiesByTokenThenByRank) {
  const Matrix<float> one(1, 3), two(2, 3);
  EXPECT_EQ(ctc_beam_search(one.view(), 0, FixedBeam{3}).ids, std::vector<int>{});
  EXPECT_EQ(ctc_beam_search(two.view(), 0, FixedBeam{3}).ids, std::vector<int>{1});
  EXPECT_EQ(ctc_beam_search(two.view(), 1, FixedBeam{3}).ids, std::vector<int>{0});
  // With a beam of one the empty prefix stays, then stays again before its extensions.
  EXPECT_EQ(ctc_beam_search(two.view(), 0, FixedBeam{1}).ids, std::vector<int>{});
  EXPECT_NEAR(ctc_beam_search(two.view(), 0, FixedBeam{3}).score, std::log(3.0 / 9), 1e-5);
}

TEST(CtcBeam, NoFramesGiveNoTokens) {
  const CtcSearch found = ctc_beam_search(MatrixView<const float>{}, 0, FixedBeam{5});
  EXPECT_EQ(found.ids, std::vector<int>{});
  EXPECT_EQ(found.score, 0);
  EXPECT_EQ(found.rows, 0u);
}

TEST(CtcBeam, SaysWhichFrameOverflowed) {
  SplitMix64 random(7);
  Matrix<float> outputs = drawn_outputs(random, 9, 4, 1);
  EXPECT_EQ(ctc_beam_search(outputs.view(), 0, FixedBeam{3}).overflowed, -1);
  outputs(7, 2) = NAN;
  outputs(5, 3) = -INFINITY;
  const CtcSearch found = ctc_beam_search(outputs.view(), 0, FixedBeam{3});
  EXPECT_EQ(found.overflowed, 5);
  EXPECT_EQ(found.ids, std::vector<int>{});
}

// Where one token has nearly all probability in each frame, one way decides.
TEST(CtcBeam, IsGreedyWhereEveryFrameIsSure) {
  SplitMix64 random(6);
  for (const double width : {1.0, 4.0, 30.0})
    for (int trial = 0; trial < 20; ++trial) {
      Matrix<float> outputs = drawn_outputs(random, 50, 6, 1);
      std::vector<std::int32_t> best;
      for (Index t = 0; t < outputs.rows(); ++t) {
        outputs(t, static_cast<Index>(random.below(6))) += 25;
        best.push_back(first_greatest(outputs.row(t), outputs.cols()));
      }
      ASSERT_EQ(ctc_beam_search(outputs.view(), 2, FixedBeam{width}).ids, ctc_collapse(best, 2));
    }
}

}  // namespace
}  // namespace edgeval::test
