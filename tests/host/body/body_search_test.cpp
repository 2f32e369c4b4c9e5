// Compares the bodies of attention, softmax and beam search with plain loops. The CPU engine's
// block runs the bodies, and so do blocks that order the work as a GPU may.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "host/body/attention.hpp"
#include "host/body/beam.hpp"
#include "host/technique/beam.hpp"
#include "tests/support/random_case.hpp"
#include "tests/support/strided_block.hpp"

namespace edgeval::test {
namespace {

template <class T>
class SearchBody : public testing::Test {};
using Blocks = testing::Types<SerialBlock, StridedBlock<1>, StridedBlock<32>, StridedBlock<256>>;
TYPED_TEST_SUITE(SearchBody, Blocks);

// Draws from so few different scores that many are equal.
std::vector<float> random_scores(Random& random, Index count) {
  std::vector<float> scores;
  for (Index i = 0; i < count; ++i)
    scores.push_back(-0.25F * static_cast<float>(random.whole(0, 12)));
  return scores;
}

void expect_same(const std::vector<Candidate>& found, const std::vector<Candidate>& wanted) {
  ASSERT_EQ(found.size(), wanted.size());
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    EXPECT_EQ(found[i].score, wanted[i].score) << i;
    EXPECT_EQ(found[i].token, wanted[i].token) << i;
    EXPECT_EQ(found[i].row, wanted[i].row) << i;
  }
}

// The best candidate comes first; of equal scores the lower token, then the lower row. Places for
// which there is no candidate hold no_candidate().
TYPED_TEST(SearchBody, CandidatesOfRowsBecomeThoseOfTheSentence) {
  Random random(1);
  for (Index width : {1, 2, 31, 32, 33, 300})
    for (int rows : {1, 2, 5, 40})
      for (int count : {1, 3, 7}) {
        const int barred = static_cast<int>(random.whole(-1, width - 1));
        std::vector<Candidate> of_rows(static_cast<std::size_t>(rows * count)), all;
        for (int r = 0; r < rows; ++r) {
          const std::vector<float> scores = random_scores(random, width);
          const float before = -0.25F * static_cast<float>(random.whole(0, 4));
          std::vector<Candidate> own;
          for (Index v = 0; v < width; ++v)
            if (v != barred)
              own.push_back({before + scores[static_cast<std::size_t>(v)], static_cast<int>(v), r});
          all.insert(all.end(), own.begin(), own.end());
          Candidate* const first = of_rows.data() + r * count;
          row_candidates(
              TypeParam{}, CandidateRow{before, r, barred}, width,
              [&](Index v) { return scores[static_cast<std::size_t>(v)]; }, count, first);
          std::ranges::sort(own, CandidateOrder{});
          own.resize(static_cast<std::size_t>(count), no_candidate());
          expect_same({first, first + count}, own);
        }
        std::vector<int> heads(static_cast<std::size_t>(rows), 99);
        std::vector<Candidate> best(static_cast<std::size_t>(count));
        merge_candidates(TypeParam{}, of_rows.data(), rows, count, heads.data(), best.data());
        std::ranges::sort(all, CandidateOrder{});
        all.resize(static_cast<std::size_t>(count), no_candidate());
        expect_same(best, all);
      }
}

TYPED_TEST(SearchBody, LogProbabilitiesAreThoseOfTheFormula) {
  Random random(2);
  for (Index width : {1, 2, 31, 300}) {
    std::vector<float> z;
    for (Index i = 0; i < width; ++i) z.push_back(static_cast<float>(random.uniform(-20, 20)));
    double sum = 0;
    for (float value : z) sum += std::exp(static_cast<double>(value));
    std::vector<float> found = z;
    log_softmax_row(TypeParam{}, found.data(), width);
    for (std::size_t i = 0; i < z.size(); ++i)
      EXPECT_NEAR(found[i], static_cast<double>(z[i]) - std::log(sum), 1e-5);

    std::vector<std::int32_t> codes;
    std::int32_t most = -0x7FFFFFFF;
    for (float value : z) codes.push_back(static_cast<std::int32_t>(value * (1 << kStateBits)));
    for (std::int32_t code : codes) most = std::max(most, code);
    std::uint64_t weights = 0;
    for (std::int32_t code : codes)
      weights += exp_of_distance(softmax_tables(), static_cast<std::uint32_t>(most - code));
    std::vector<float> exact(codes.size());
    log_softmax_row(TypeParam{}, softmax_tables(), codes.data(), width, exact.data());
    for (std::size_t i = 0; i < codes.size(); ++i)
      EXPECT_EQ(exact[i], log_share(static_cast<std::uint32_t>(most - codes[i]),
                                    ln_of_sum(softmax_tables(), weights)));
  }
}

// In integers the context of a row is the sum of weight * key over the sum of the weights, which
// are the exponentials of exact scores.
TYPED_TEST(SearchBody, AttentionInIntegersIsItsLiteralForm) {
  Random random(3);
  constexpr int kBits = 16, kXBits = 12;
  for (Index positions : {1, 2, 7, 33})
    for (Index width : {1, 31, 64}) {
      Matrix<std::int32_t> keys(positions, width);
      for (std::int32_t& key : keys.values())
        key = static_cast<std::int32_t>(random.whole(-4096, 4096));
      std::vector<float> probe;
      for (Index k = 0; k < width; ++k)
        probe.push_back(static_cast<float>(random.whole(-2000, 2000)) / 1024);
      const FixedSource source{std::as_const(keys).view(),
                               {},
                               nullptr,
                               0,
                               kBits,
                               kXBits,
                               1.0 / (1 << kXBits),
                               activation_tables(),
                               softmax_tables()};
      std::vector<std::int64_t> shares(static_cast<std::size_t>(positions)), sums(probe.size());
      std::vector<std::int32_t> codes(probe.size());
      std::vector<float> context(probe.size());
      const FixedScratch scratch{shares.data(), sums.data(), codes.data()};
      const Index most = attention_row(TypeParam{}, source, probe.data(), scratch, context.data());

      float greatest = 0;
      for (float value : probe) greatest = std::max(greatest, std::abs(value));
      const int bits = finest_row_bits(greatest, kBits);
      std::vector<std::int64_t> scores;
      for (Index s = 0; s < positions; ++s) {
        std::int64_t score = 0;
        for (Index k = 0; k < width; ++k) {
          const float code = std::round(std::ldexp(probe[static_cast<std::size_t>(k)], bits));
          score += static_cast<std::int64_t>(code) * keys(s, k);
        }
        scores.push_back(score);
      }
      const auto best = std::max_element(scores.begin(), scores.end());
      EXPECT_EQ(most, best - scores.begin());
      std::int64_t all = 0;
      std::vector<std::int64_t> weights;
      for (std::int64_t score : scores)
        all += weights.emplace_back(
            exp_of_distance(softmax_tables(), score_distance(*best - score, bits + kXBits)));
      for (Index k = 0; k < width; ++k) {
        std::int64_t sum = 0;
        for (Index s = 0; s < positions; ++s)
          sum += weights[static_cast<std::size_t>(s)] * keys(s, k);
        EXPECT_EQ(
            context[static_cast<std::size_t>(k)],
            static_cast<float>(std::llround(static_cast<double>(sum) / static_cast<double>(all))) /
                (1 << kXBits));
      }
    }
}

TEST(SearchEnd, IsReachedByWhatWasFoundOrByLength) {
  const SearchEnd end{.n_best = 2, .longest = 10};
  EXPECT_FALSE(end.reached(1, 1, 3, true));  // one of two hypotheses has ended
  EXPECT_TRUE(end.reached(1, 2, 3, true));
  EXPECT_FALSE(end.reached(1, 2, 3, false));  // a better hypothesis still lives
  EXPECT_TRUE(end.reached(1, 0, 0, false));   // no hypothesis lives
  EXPECT_FALSE(end.reached(9, 0, 3, false));
  EXPECT_TRUE(end.reached(10, 0, 3, false));
}

}  // namespace
}  // namespace edgeval::test
