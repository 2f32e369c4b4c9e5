#include "eval/score/statistics/resamples.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "eval/score/statistics/significance.hpp"

namespace edgeval::test {
namespace {

Statistics drawn_statistics(std::uint64_t seed, int rows) {
  SplitMix64 random(seed);
  Statistics statistics(2);
  for (int n = 0; n < rows; ++n) {
    const auto errors = static_cast<double>(random.below(4));
    statistics.add({errors, errors + static_cast<double>(random.below(6))});
  }
  return statistics;
}

TEST(Resamples, DrawWhatComparePairedDraws) {
  for (const int rows : {2, 3, 50}) {
    const Statistics a = drawn_statistics(1, rows), b = drawn_statistics(2, rows);
    for (const std::uint64_t seed : {0, 7}) {
      const PairedComparison compared =
          compare_paired(a, b, percent_of_sums, {.seed = seed, .resamples = 200, .trials = 1});
      std::vector<double> differences;
      visit_resampled_scores(
          a, b, percent_of_sums, Resamples(rows, 200, seed),
          [&](int, double of_a, double of_b) { differences.push_back(of_b - of_a); });
      EXPECT_EQ(differences, compared.resampled);  // the same bits, also without words
    }
  }
}

// Beyond 65,536 items numbers take 32 bits. Each item counts itself here, so a resample's sum tells
// which were drawn.
TEST(Resamples, ManyItemsHaveWideNumbers) {
  for (const Index items : {65'536, 65'537, 70'000}) {
    Statistics numbers(1);
    for (Index n = 0; n < items; ++n) numbers.add({static_cast<double>(n)});
    SplitMix64 random(3);
    const Resamples resamples(items, 2, 3);
    for (int r = 0; r < 2; ++r) {
      double expected = 0;
      for (Index i = 0; i < items; ++i)
        expected += static_cast<double>(random.below(static_cast<std::uint64_t>(items)));
      std::vector<double> sums(1);
      resamples.add_to(sums, numbers, r);
      EXPECT_EQ(sums[0], expected);
    }
  }
}

// Beta(1, N) has the mean 1 / (N + 1) and exceeds x with probability (1 - x)^N.
TEST(Resamples, TheUnseenItemHasABetaWeight) {
  constexpr int kItems = 20, kResamples = 20'000;
  const Resamples resamples(kItems, kResamples, 5);
  double sum = 0, beyond = 0;
  for (int r = 0; r < kResamples; ++r) {
    sum += resamples.unseen(r);
    beyond += resamples.unseen(r) > 0.1;
  }
  const double share = std::pow(0.9, kItems);
  EXPECT_NEAR(beyond / kResamples, share, 4 * std::sqrt(share * (1 - share) / kResamples));
  EXPECT_NEAR(sum / kResamples, 1.0 / (kItems + 1), 4.0 / (kItems + 1) / std::sqrt(kResamples));
}

}  // namespace
}  // namespace edgeval::test
