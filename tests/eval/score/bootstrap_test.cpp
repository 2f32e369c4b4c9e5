#include "eval/score/statistics/bootstrap.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <random>
#include <vector>

namespace edgeval {
namespace {

using Counts = std::vector<std::uint64_t>;

// Returns the interval of sum(errors) / sum(reference), as of a word error rate; both have an entry
// for each utterance.
std::optional<Interval> interval_of_ratio(const Counts& errors, const Counts& reference,
                                          const BootstrapOptions& options = {}) {
  Statistics statistics(2);
  for (std::size_t n = 0; n < errors.size(); ++n)
    statistics.add({static_cast<double>(errors[n]), static_cast<double>(reference.at(n))});
  return bootstrap(statistics, ratio_of_sums, options);
}

TEST(SplitMix64, GivesThePublishedNumbers) {
  SplitMix64 random(1234567);
  for (const std::uint64_t expected :
       {6457827717110365317u, 3203168211198807973u, 9817491932198370423u, 4593380528125082431u,
        16408922859458223821u})
    EXPECT_EQ(random.next(), expected);
}

TEST(SplitMix64, ABoundedDrawIsTheRemainder) {
  SplitMix64 random(1234567);
  for (const std::uint64_t expected : {2, 3, 3, 1, 1}) EXPECT_EQ(random.below(5), expected);
}

TEST(SplitMix64, DrawsThatWouldFavourSmallNumbersAreRefused) {
  // Of 2^64 numbers the first 2^62 are refused for a bound of 3 * 2^62; then low and high thirds
  // are as likely.
  constexpr std::uint64_t kThird = std::uint64_t{1} << 62;
  SplitMix64 random(5);
  int low = 0;
  for (int i = 0; i < 30000; ++i) low += random.below(3 * kThird) < kThird;
  EXPECT_NEAR(low, 10000, 5 * std::sqrt(30000 * 2.0 / 9));  // with the bias it would be 15000
}

TEST(Bootstrap, OneResampleIsTheRatioOfTheDrawnUtterances) {
  // Seed 1234567 draws utterances 2, 3, 3, 1, 1 of five. The ratio is
  // (4 + 8 + 8 + 2 + 2) / (10 + 20 + 20 + 0 + 0).
  const auto interval = interval_of_ratio(Counts{1, 2, 4, 8, 16}, Counts{5, 0, 10, 20, 40},
                                          {.seed = 1234567, .resamples = 1});
  ASSERT_TRUE(interval);
  EXPECT_DOUBLE_EQ(interval->low, 24.0 / 50);
  EXPECT_DOUBLE_EQ(interval->high, 24.0 / 50);
}

TEST(Bootstrap, TwoUtterancesHaveThreeRatios) {
  // The ratios are 0, 1/2 and 1, with probabilities 1/4, 1/2 and 1/4.
  const auto interval = [](double confidence) {
    return *interval_of_ratio(Counts{0, 3}, Counts{3, 3}, {.seed = 3, .confidence = confidence});
  };
  EXPECT_EQ(interval(0.95), (Interval{0, 1}));
  EXPECT_EQ(interval(0.3), (Interval{0.5, 0.5}));
}

TEST(Bootstrap, PercentilesInterpolate) {
  // Seed 5 draws the first of two utterances twice, then the second twice: ratios 0 and 1.
  const auto interval = interval_of_ratio(Counts{0, 3}, Counts{3, 3}, {.seed = 5, .resamples = 2});
  EXPECT_NEAR(interval->low, 0.025, 1e-12);
  EXPECT_NEAR(interval->high, 0.975, 1e-12);
}

TEST(Bootstrap, EqualUtterancesHaveNoSpread) {
  EXPECT_EQ(*interval_of_ratio(Counts(50, 1), Counts(50, 4)), (Interval{0.25, 0.25}));
}

TEST(Bootstrap, SeedsRepeatAndDiffer) {
  Counts errors;
  for (std::uint64_t i = 0; i < 200; ++i) errors.push_back(i * i % 7);
  const Counts reference(200, 9);
  const auto with_seed = [&](std::uint64_t seed) {
    return *interval_of_ratio(errors, reference, {.seed = seed});
  };
  EXPECT_EQ(with_seed(1), with_seed(1));
  EXPECT_FALSE(with_seed(1) == with_seed(2));
}

TEST(Bootstrap, HasNoIntervalWithoutUtterancesOrReference) {
  EXPECT_FALSE(interval_of_ratio(Counts{}, Counts{}));
  EXPECT_FALSE(interval_of_ratio(Counts{1}, Counts{2}));  // one utterance shows no spread
  EXPECT_FALSE(interval_of_ratio(Counts{1, 2}, Counts{0, 0}));
}

TEST(Bootstrap, AResampleWithoutReferenceIsLeftOut) {
  // Only the second utterance has words: whoever draws it finds at least 3 errors in 3 words.
  const auto interval = interval_of_ratio(Counts{0, 3}, Counts{0, 3});
  EXPECT_EQ(*interval, (Interval{1, 1}));
}

TEST(Bootstrap, ALargeSetAgreesWithTheNormalApproximation) {
  // r is the ratio of 3000 utterances of 5 to 14 words. Its variance is
  // mean((errors - r words)^2) / (n mean(words)^2).
  std::mt19937 random(11);
  Counts errors;
  Counts words;
  double sum_errors = 0;
  double sum_words = 0;
  for (int i = 0; i < 3000; ++i) {
    words.push_back(5 + random() % 10);
    errors.push_back(random() % 4 == 0 ? random() % 6 : 0);
    sum_errors += static_cast<double>(errors.back());
    sum_words += static_cast<double>(words.back());
  }
  const double ratio = sum_errors / sum_words;
  double squares = 0;
  for (std::size_t i = 0; i < words.size(); ++i)
    squares += std::pow(static_cast<double>(errors[i]) - ratio * static_cast<double>(words[i]), 2);
  const double deviation = std::sqrt(squares) / sum_words;
  const auto interval = interval_of_ratio(errors, words, {.seed = 4, .resamples = 10000});
  // A percentile of 10,000 draws is itself off by about 0.03 deviations.
  EXPECT_NEAR(interval->low, ratio - 1.96 * deviation, 0.12 * deviation);
  EXPECT_NEAR(interval->high, ratio + 1.96 * deviation, 0.12 * deviation);
}

}  // namespace
}  // namespace edgeval
