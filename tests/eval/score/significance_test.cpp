#include "eval/score/statistics/significance.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "eval/score/metric.hpp"
#include "eval/score/metrics/perplexity.hpp"
#include "host/core/files/file.hpp"
#include "tests/support/paths.hpp"

namespace edgeval {
namespace {

using Rows = std::vector<std::array<double, 2>>;

Statistics statistics(const Rows& rows) {
  Statistics result(2);
  for (const auto& row : rows) result.add(row);
  return result;
}

const Rows kA{{1, 5}, {0, 4}, {2, 6}, {1, 3}, {0, 7}};
const Rows kB{{2, 5}, {1, 4}, {2, 6}, {0, 3}, {3, 7}};

// Returns the score of the rows that `pick` gives for each place.
template <class Pick>
double rate(std::size_t places, Pick pick) {
  double errors = 0, words = 0;
  for (std::size_t i = 0; i < places; ++i) {
    errors += pick(i)[0];
    words += pick(i)[1];
  }
  return 100 * errors / words;
}

double observed() {
  return std::abs(rate(5, [](std::size_t i) { return kA[i]; }) -
                  rate(5, [](std::size_t i) { return kB[i]; }));
}

// Returns five standard deviations of a share p that is found with so many draws.
double noise(double p, double draws) { return 5 * std::sqrt(p * (1 - p) / draws) + 2 / draws; }

TEST(ApproximateRandomization, IsTheShareOfAllExchangesThatDifferAsMuch) {
  int beyond = 0, ties = 0;
  for (unsigned swaps = 0; swaps < 32; ++swaps) {
    const auto side = [&](const Rows& kept, const Rows& taken) {
      return rate(5, [&](std::size_t i) { return swaps >> i & 1 ? taken[i] : kept[i]; });
    };
    const double size = std::abs(side(kA, kB) - side(kB, kA));
    ties += std::abs(size - observed()) < 1e-9;
    beyond += size > observed() + 1e-9;
  }
  ASSERT_GT(beyond, 0);
  ASSERT_GE(ties, 2);  // ties when nothing is exchanged, and when everything is
  const double expected = (beyond + ties) / 32.0;
  EXPECT_NEAR(
      *compare_paired(statistics(kA), statistics(kB), percent_of_sums, {.seed = 3, .trials = 20000})
           .p_randomization,
      expected, noise(expected, 20000));
}

// The difference has the same magnitude in every trial.
TEST(ApproximateRandomization, OneSentenceThatDiffersIsNoEvidence) {
  Rows a(30, {1, 5}), b(a);
  b[7][0] = 3;
  EXPECT_EQ(*compare_paired(statistics(a), statistics(b), percent_of_sums).p_randomization, 1);
}

TEST(ApproximateRandomization, OneTranslationThatDiffersInTwentyIsNoEvidence) {
  std::vector<std::string> reference(20, "a man is riding the red bike on the street ."),
      a(reference);
  for (std::size_t n = 0; n < a.size(); n += 2) a[n] = "the man rides a red bike on a street .";
  std::vector<std::string> b(a);
  b[4] = "a man is riding the red bike on a street .";
  const std::vector<std::vector<std::string>> references{reference};
  for (const char* name : {"bleu", "chrf", "chrf++", "wer"}) {
    const Metric of_a = measure(name, references, a, {}), of_b = measure(name, references, b, {});
    const PairedComparison result =
        compare_paired(of_a.statistics, of_b.statistics, of_a.score, {.trials = 1000});
    EXPECT_NE(*result.difference, 0) << name;
    EXPECT_EQ(*result.p_randomization, 1) << name;
  }
}

TEST(PairedBootstrap, IsTheShareOfAllDrawsThatDifferFromTheirMeanAsMuch) {
  std::vector<double> sizes;
  for (int draw = 0; draw < 3125; ++draw) {  // 5^5
    std::array<std::size_t, 5> drawn{};
    std::size_t rest = static_cast<std::size_t>(draw);
    for (std::size_t& place : drawn) {
      place = rest % 5;
      rest /= 5;
    }
    const auto side = [&](const Rows& rows) {
      return rate(5, [&](std::size_t i) { return rows[drawn[i]]; });
    };
    sizes.push_back(std::abs(side(kB) - side(kA)));
  }
  double mean = 0;
  for (const double size : sizes) mean += size / 3125;
  const double expected =
      static_cast<double>(std::ranges::count_if(
          sizes, [&](double size) { return size - mean >= observed() - 1e-9; })) /
      3125;
  const auto result = compare_paired(statistics(kA), statistics(kB), percent_of_sums,
                                     {.seed = 3, .resamples = 20000});
  ASSERT_GT(expected, 0);
  EXPECT_NEAR(*result.p_bootstrap, expected, noise(expected, 20000));
  EXPECT_LE(result.interval->low, *result.difference);
  EXPECT_GE(result.interval->high, *result.difference);
}

TEST(ComparePaired, SystemsThatAreAlikeDoNotDiffer) {
  const PairedComparison result = compare_paired(statistics(kA), statistics(kA), percent_of_sums);
  EXPECT_EQ(*result.difference, 0);
  EXPECT_EQ(*result.p_bootstrap, 1);
  EXPECT_EQ(*result.p_randomization, 1);
}

// A and B each have an error that the other does not have: D is 0, though resamples differ.
TEST(ComparePaired, EqualScoresAreNoEvidence) {
  const Rows a{{1, 5}, {0, 5}, {2, 5}}, b{{0, 5}, {1, 5}, {2, 5}};
  const PairedComparison result = compare_paired(statistics(a), statistics(b), percent_of_sums);
  EXPECT_EQ(*result.difference, 0);
  EXPECT_LT(result.interval->low, 0);
  EXPECT_EQ(*result.p_bootstrap, 1);
  EXPECT_EQ(*result.p_randomization, 1);
}

std::optional<double> tenths(std::span<const double> sums) { return sums[0] / 10 + sums[1] / 10; }

TEST(ComparePaired, ScoresThatDifferByTheirRoundingAreEqual) {
  const Rows a{{1, 2}, {0, 0}}, b{{3, 0}, {0, 0}};
  ASSERT_NE(*tenths(a[0]), *tenths(b[0]));  // 0.1 + 0.2 and 0.3
  const PairedComparison result = compare_paired(statistics(a), statistics(b), tenths);
  EXPECT_EQ(*result.p_bootstrap, 1);
  EXPECT_EQ(*result.p_randomization, 1);
}

// The scores are 0.3 and 0.9 whatever is exchanged, but as doubles they differ by rounding.
TEST(ApproximateRandomization, DifferencesThatDifferByTheirRoundingAreTies) {
  const Rows a{{1, 2}, {0, 0}}, b{{3, 0}, {6, 0}};
  ASSERT_LT(*tenths(std::array{7.0, 2.0}) - *tenths(std::array{3.0, 0.0}),
            *tenths(std::array{9.0, 0.0}) - *tenths(std::array{1.0, 2.0}));
  EXPECT_EQ(*compare_paired(statistics(a), statistics(b), tenths).p_randomization, 1);
}

TEST(ComparePaired, OneSentenceShowsNoSpread) {
  const PairedComparison result =
      compare_paired(statistics({{1, 5}}), statistics({{3, 5}}), percent_of_sums);
  EXPECT_EQ(*result.difference, 40);
  EXPECT_FALSE(result.interval || result.p_bootstrap);
  EXPECT_EQ(*result.p_randomization, 1);
}

TEST(ComparePaired, SystemsFarApartDifferBeyondChance) {
  const Rows good(40, {0, 5}), bad(40, {3, 5});
  const PairedComparison result =
      compare_paired(statistics(good), statistics(bad), percent_of_sums);
  EXPECT_DOUBLE_EQ(*result.p_bootstrap, 1 / 1001.0);
  EXPECT_DOUBLE_EQ(*result.p_randomization, 1 / 10001.0);
  EXPECT_EQ(*result.interval, (Interval{60, 60}));
}

TEST(ComparePaired, TheSameSeedGivesTheSameFigures) {
  const auto seeded = [](std::uint64_t seed) {
    return compare_paired(statistics(kA), statistics(kB), percent_of_sums, {.seed = seed});
  };
  EXPECT_EQ(seeded(1).p_randomization, seeded(1).p_randomization);
  EXPECT_EQ(seeded(1).interval, seeded(1).interval);
  EXPECT_NE(seeded(1).p_randomization, seeded(2).p_randomization);
}

TEST(ComparePaired, WithoutAScoreThereIsNoFigure) {
  const PairedComparison result =
      compare_paired(statistics({{1, 0}}), statistics({{0, 0}}), percent_of_sums);
  EXPECT_FALSE(result.a || result.difference || result.interval || result.p_bootstrap ||
               result.p_randomization);
}

TEST(RecordedSystems, PValuesAreThoseOfSacrebleuWithinTheNoise) {
  const auto records =
      nlohmann::json::parse(read_file(test::source_folder() / "tests/golden/significance.json"));
  ASSERT_EQ(records.size(), 4u);
  for (const auto& record : records) {
    const std::vector<std::vector<std::string>> references{record["reference"]};
    const int trials = record["trials"];
    for (const char* name : {"bleu", "chrf"}) {
      const auto of = [&](const char* side) {
        return measure(name, references, record[side].get<std::vector<std::string>>(), {});
      };
      const Metric a = of("a"), b = of("b");
      const PairedComparison ours = compare_paired(a.statistics, b.statistics, a.score,
                                                   {.resamples = trials, .trials = trials});
      const auto& theirs = record[name];
      EXPECT_NEAR(*ours.a, theirs["a"].get<double>(), 1e-9);
      EXPECT_NEAR(*ours.b, theirs["b"].get<double>(), 1e-9);
      const double bootstrap = theirs["bs"], randomization = theirs["ar"];
      EXPECT_NEAR(*ours.p_bootstrap, bootstrap, std::sqrt(2.0) * noise(bootstrap, trials));
      EXPECT_NEAR(*ours.p_randomization, randomization,
                  std::sqrt(2.0) * noise(randomization, trials));
    }
  }
}

TEST(Perplexity, ThePredictedOneLeavesTheEndsOutOfTheLength) {
  const std::vector<ScoredSentence> sentences{{-2, 3}, {-1, 1}};
  EXPECT_DOUBLE_EQ(*predicted_perplexity(sentences), std::exp(3.0 / 4));
  EXPECT_DOUBLE_EQ(*reference_perplexity(sentences), std::exp(3.0 / 6));
  EXPECT_FALSE(predicted_perplexity(std::vector<ScoredSentence>{{-1, 0}}));
  EXPECT_FALSE(reference_perplexity({}));
}

}  // namespace
}  // namespace edgeval
