#include "eval/score/statistics/loss_bound.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "eval/score/statistics/bootstrap.hpp"
#include "eval/score/statistics/fixed_sequence.hpp"

namespace edgeval::test {
namespace {

// Statistics of utterances of 5 words, each with one error more than `errors` in the first so many.
Statistics with_more_errors(int utterances, int worse, double errors = 1, double more = 1) {
  Statistics statistics(2);
  for (int n = 0; n < utterances; ++n) statistics.add({errors + (n < worse ? more : 0), 5});
  return statistics;
}

// Returns the share p for which k or fewer of n are seen with probability 1 - confidence.
double clopper_pearson(int k, int n, double confidence) {
  double low = 0, high = 1;
  for (int step = 0; step < 60; ++step) {
    const double p = (low + high) / 2;
    double term = std::pow(1 - p, n), sum = 0;
    for (int j = 0; j <= k; ++j) {
      sum += term;
      term *= p / (1 - p) * (n - j) / (j + 1);
    }
    (sum > 1 - confidence ? low : high) = p;
  }
  return low;
}

LossBound bound_of(const Statistics& dense, const Statistics& point, const Resamples& resamples,
                   double scale = 20) {
  return *upper_bound(dense, point, percent_of_sums, {}, resamples, 0.95, scale);
}

// One error more is 20 points of an utterance. If all that differ lose as much, the exact bound is
// that of Clopper and Pearson; the resamples' Poisson-like counts come near it.
TEST(LossBound, EqualLossesAreBoundedNearlyAsClopperAndPearsonDo) {
  constexpr int kUtterances = 100;
  const Resamples resamples(kUtterances, 10'000, 1);
  const Statistics dense = with_more_errors(kUtterances, 0);
  double before = 0;
  for (const int worse : {0, 1, 2, 3, 5, 10, 20}) {
    const LossBound bound = bound_of(dense, with_more_errors(kUtterances, worse), resamples);
    const double exact = 20 * clopper_pearson(worse, kUtterances, 0.95);
    EXPECT_NEAR(bound.bound, exact, worse == 0 ? 1e-9 : 0.04 * exact) << worse;
    EXPECT_NEAR(bound.loss, 0.2 * worse, 1e-9);
    EXPECT_EQ(bound.differing, worse);
    EXPECT_EQ(bound.rule, worse == 0 ? BoundRule::kNoneDiffers : BoundRule::kResamples);
    EXPECT_GT(bound.bound, before);
    before = bound.bound;
  }
}

// By the definition: the share of which none is seen among N with probability 1 - C.
TEST(LossBound, WhatASizeCanConfirmIsThatOfClopperAndPearson) {
  for (const int items : {10, 85, 130, 1000})
    for (const double confidence : {0.9, 0.95, 0.99})
      EXPECT_NEAR(none_differs_bound(items, confidence, 17),
                  17 * clopper_pearson(0, items, confidence), 1e-9);
  for (const double budget : {0.05, 0.3, 0.5, 2.0, 16.0}) {
    const Index items = items_wanted(budget, 0.95, 17);
    EXPECT_LE(none_differs_bound(items, 0.95, 17), budget);
    if (items > 1) {
      EXPECT_GT(none_differs_bound(items - 1, 0.95, 17), budget);
    }
  }
  EXPECT_EQ(items_wanted(20, 0.95, 17), 1) << "no set can lose more than 17";
}

TEST(LossBound, NoneThatDiffersIsNoWorseThanOneThatLoses) {
  for (const int utterances : {1, 2, 10, 85})
    for (const double scale : {20.0, 60.0, 100.0})
      for (const std::uint64_t seed : {1, 2, 3, 4, 5}) {
        const Resamples resamples(utterances, 100, seed);
        const Statistics dense = with_more_errors(utterances, 0);
        const LossBound none = bound_of(dense, dense, resamples, scale);
        const LossBound one = bound_of(dense, with_more_errors(utterances, 1), resamples, scale);
        EXPECT_NEAR(none.bound, scale * clopper_pearson(0, utterances, 0.95), 1e-9);
        EXPECT_LE(none.bound, one.bound);
        EXPECT_LE(one.loss, one.bound);
      }
}

TEST(LossBound, TheLargestLossSeenIsTheLeastScale) {
  const Resamples resamples(50, 500, 1);
  const Statistics dense = with_more_errors(50, 0), point = with_more_errors(50, 2, 1, 4);
  EXPECT_EQ(bound_of(dense, point, resamples, 1).bound,
            bound_of(dense, point, resamples, 80).bound);
  EXPECT_LT(bound_of(dense, point, resamples, 80).bound,
            bound_of(dense, point, resamples, 100).bound);
}

TEST(LossBound, ScoresOfWhichMoreIsBetterLoseTheOtherWay) {
  const Resamples resamples(30, 300, 1);
  Statistics right_a(2), right_b(2);  // words that are right
  const Statistics a = with_more_errors(30, 0), b = with_more_errors(30, 4);
  for (Index n = 0; n < 30; ++n) {
    right_a.add({5 - a[n][0], 5});
    right_b.add({5 - b[n][0], 5});
  }
  const LossBound errors = bound_of(a, b, resamples);
  const LossBound right = *upper_bound(right_a, right_b, percent_of_sums, {.less_is_better = false},
                                       resamples, 0.95, 20);
  EXPECT_NEAR(errors.loss, right.loss, 1e-9);
  EXPECT_NEAR(errors.bound, right.bound, 1e-9);
  // What gains has a negative loss, and its bound may be below that of none that differs.
  const LossBound gains = bound_of(with_more_errors(30, 20), with_more_errors(30, 0), resamples);
  EXPECT_LT(gains.loss, 0);
  EXPECT_LT(gains.bound, 0);
}

// All utterances have one error, so the dense score is 20 in each resample.
TEST(LossBound, ARelativeLossIsAShareOfTheDenseScore) {
  const Resamples resamples(40, 300, 2);
  const Statistics dense = with_more_errors(40, 0);
  for (const int worse : {0, 1, 6}) {
    const Statistics point = with_more_errors(40, worse);
    const LossBound points = bound_of(dense, point, resamples, 30);
    const LossBound share =
        *upper_bound(dense, point, percent_of_sums, {.relative = true}, resamples, 0.95, 30);
    EXPECT_NEAR(share.loss, points.loss / 20, 1e-12);
    EXPECT_NEAR(share.bound, points.bound / 20, 1e-12);
  }
}

TEST(LossBound, WithoutAScoreThereIsNoBound) {
  const LossKind relative{.relative = true};
  const Statistics perfect = with_more_errors(4, 0, 0), some = with_more_errors(4, 1, 0);
  const Resamples resamples(4, 100, 1);
  EXPECT_FALSE(upper_bound(perfect, some, percent_of_sums, relative, resamples, 0.9, 20));
  // A resample that misses the only dense error has no finite relative loss: about a third do.
  const Statistics other = with_more_errors(4, 3, 0);
  const LossBound bound = *upper_bound(some, other, percent_of_sums, relative, resamples, 0.9, 20);
  EXPECT_NEAR(bound.loss, 2, 1e-12);
  EXPECT_GT(bound.bound, 1e300);
  EXPECT_TRUE(std::isfinite(bound.bound));
  Statistics wordless(2);
  wordless.add({0, 0});
  EXPECT_FALSE(upper_bound(wordless, wordless, percent_of_sums, {}, Resamples(1, 9, 1), 0.9, 20));
  EXPECT_FALSE(
      upper_bound(Statistics(2), Statistics(2), percent_of_sums, {}, Resamples(0, 9, 1), 0.9, 20));
}

// 4 utterances of 5 words: an error added to one is 5 points, and 20 if every one gained as many.
TEST(UtteranceLosses, AreTheErrorsAddedOverTheMeanLength) {
  Statistics dense(2), point(2);
  for (const double errors : {1, 2, 0, 3}) dense.add({errors, 5});
  for (const double errors : {1, 4, 1, 2}) point.add({errors, 5});
  const std::vector<double> losses = utterance_losses(dense, point, percent_of_sums, true);
  const std::vector<double> expected{0, 40, 20, -20};
  for (std::size_t n = 0; n < 4; ++n) EXPECT_NEAR(losses[n], expected[n], 1e-9);
  // (40^3 + 20^3) / (40^2 + 20^2)
  EXPECT_NEAR(tail_loss(losses), 36, 1e-9);
  EXPECT_EQ(tail_loss(std::vector<double>{0, -20}), 0);
}

TEST(FixedSequence, StopsAtTheFirstThatFails) {
  const auto tested = [](std::vector<double> bounds) {
    const FixedSequence sequence = test_in_order(bounds, 0.5);
    return std::pair(sequence.tested, sequence.passed);
  };
  using Pair = std::pair<std::size_t, std::size_t>;
  EXPECT_EQ(tested({}), Pair(0, 0));
  EXPECT_EQ(tested({0.6, 0.1}), Pair(1, 0));
  EXPECT_EQ(tested({0.1, 0.2, 0.7, 0.3}), Pair(3, 2));
  EXPECT_EQ(tested({0.1, 12.7 - 12.2}), Pair(2, 2));  // by rounding above 0.5
  EXPECT_EQ(tested({std::numeric_limits<double>::quiet_NaN()}), Pair(1, 0));
}

}  // namespace
}  // namespace edgeval::test
