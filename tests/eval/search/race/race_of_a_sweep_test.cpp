// Races over the errors that tests/studies/recorded_errors.py has recorded of a sweep of AN4.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <numeric>
#include <sstream>
#include <string>
#include <vector>

#include "eval/search/blocks.hpp"
#include "eval/search/race/race.hpp"
#include "host/core/files/file.hpp"
#include "tests/support/paths.hpp"

namespace edgeval::test {
namespace {

struct SweptPoint {
  double joules = 0;
  std::vector<double> errors;
};

struct RecordedSweep {
  std::vector<double> words, dense;  // of each utterance
  std::vector<SweptPoint> points;
};

double total(const std::vector<double>& numbers) {
  return std::accumulate(numbers.begin(), numbers.end(), 0.0);
}

// The script says what the file holds.
RecordedSweep recorded_sweep() {
  std::istringstream file(read_file(source_folder() / "tests/eval/search/race/an4_errors.txt"));
  RecordedSweep sweep;
  std::string name, joules, digits;
  std::getline(file, name);
  while (file >> name >> joules >> digits) {
    std::vector<double> numbers;
    for (const char& digit : digits) {
      int number = 0;
      EXPECT_EQ(std::from_chars(&digit, &digit + 1, number, 36).ec, std::errc());
      numbers.push_back(number);
    }
    if (name == "words")
      sweep.words = numbers;
    else if (name == "dense")
      sweep.dense = numbers;
    else
      sweep.points.push_back({std::stod(joules), numbers});
  }
  return sweep;
}

// Runs a point as a search does: whole blocks, with a look behind each. Returns after how many
// utterances it was dropped, or 0.
Index dropped_after(const std::vector<double>& errors,
                    const std::vector<std::vector<Index>>& blocks,
                    const std::shared_ptr<const Race>& race) {
  Racer racer(race);
  for (const std::vector<Index>& block : blocks) {
    for (const Index at : block) racer.add(errors[static_cast<std::size_t>(at)]);
    if (racer.out()) return racer.seen();
  }
  return 0;
}

std::shared_ptr<const Race> race_in(const std::vector<std::vector<Index>>& blocks,
                                    const RecordedSweep& sweep, double limit,
                                    std::optional<double> alpha) {
  std::vector<double> dense;
  for (const std::vector<Index>& block : blocks)
    for (const Index at : block) dense.push_back(sweep.dense[static_cast<std::size_t>(at)]);
  return std::make_shared<const Race>(dense, limit, alpha);
}

constexpr std::array<double, 3> kBudgets{0.5, 1, 2};  // points of WER
constexpr std::array<double, 2> kAlphas{0.05, 0.01};

double limit_of(const RecordedSweep& sweep, double budget) {
  return total(sweep.dense) + budget * total(sweep.words) / 100;
}

TEST(Race, TheWinnerOfARealSweepStays) {
  const RecordedSweep sweep = recorded_sweep();
  ASSERT_EQ(sweep.points.size(), 1000u);
  const Index utterances = std::ssize(sweep.dense);
  for (const double budget : kBudgets) {
    const double limit = limit_of(sweep, budget);
    const SweptPoint* winner = nullptr;
    for (const SweptPoint& point : sweep.points)
      if (total(point.errors) <= limit && (winner == nullptr || point.joules < winner->joules))
        winner = &point;
    ASSERT_NE(winner, nullptr);
    for (const Index size : {8, 16}) {
      std::array<int, kAlphas.size()> dropped{};
      for (std::uint64_t seed = 0; seed < 1000; ++seed) {
        const auto blocks = cut_into_blocks(utterances, size, seed);
        ASSERT_EQ(dropped_after(winner->errors, blocks, race_in(blocks, sweep, limit, {})), 0);
        for (std::size_t a = 0; a < kAlphas.size(); ++a)
          dropped[a] +=
              dropped_after(winner->errors, blocks, race_in(blocks, sweep, limit, kAlphas[a])) > 0;
      }
      for (std::size_t a = 0; a < kAlphas.size(); ++a) {
        EXPECT_LE(dropped[a], 1000 * kAlphas[a]);
        std::printf(
            "budget %g, blocks of %d, alpha %g: the winner, %g errors of at most %g, is "
            "dropped in %d of 1000 orders\n",
            budget, static_cast<int>(size), kAlphas[a], total(winner->errors), limit, dropped[a]);
      }
    }
  }
}

// In 100 orders. A share of 100 has a standard deviation of at most sqrt(alpha (1 - alpha) / 100)
// where the true share is at most alpha < 1/2; each point may exceed alpha by 4.5 of these, which
// leaves room for the hundreds of points.
TEST(Race, EveryPointOfARealSweepWithinTheBudgetStays) {
  const RecordedSweep sweep = recorded_sweep();
  constexpr int kOrders = 100;
  for (const double budget : kBudgets)
    for (const double alpha : kAlphas) {
      const double limit = limit_of(sweep, budget);
      std::vector<int> dropped(sweep.points.size(), 0);
      for (std::uint64_t seed = 0; seed < kOrders; ++seed) {
        const auto blocks = cut_into_blocks(std::ssize(sweep.dense), 8, seed);
        const auto race = race_in(blocks, sweep, limit, alpha);
        for (std::size_t p = 0; p < sweep.points.size(); ++p)
          if (total(sweep.points[p].errors) <= limit)
            dropped[p] += dropped_after(sweep.points[p].errors, blocks, race) > 0;
      }
      const double worst = *std::ranges::max_element(dropped);
      EXPECT_LE(worst / kOrders, alpha + 4.5 * std::sqrt(alpha * (1 - alpha) / kOrders))
          << budget << " " << alpha;
      std::printf("budget %g, alpha %g: the point dropped most is dropped in %g of %d orders\n",
                  budget, alpha, worst, kOrders);
    }
}

// How many utterances a race of all points takes, in blocks of 8.
TEST(Race, OfARealSweepTakesFewerUtterancesThanRunningAll) {
  const RecordedSweep sweep = recorded_sweep();
  const Index utterances = std::ssize(sweep.dense);
  constexpr int kOrders = 10;
  for (const double budget : kBudgets) {
    const double limit = limit_of(sweep, budget);
    std::vector<double> shares;  // of the utterances that a point beyond the budget takes
    for (const std::optional<double> alpha :
         {std::optional<double>(), std::optional(0.01), std::optional(0.05)}) {
      double taken = 0, beyond = 0;
      for (std::uint64_t seed = 0; seed < kOrders; ++seed) {
        const auto blocks = cut_into_blocks(utterances, 8, seed);
        const auto race = race_in(blocks, sweep, limit, alpha);
        for (const SweptPoint& point : sweep.points) {
          if (total(point.errors) <= limit) continue;
          const Index after = dropped_after(point.errors, blocks, race);
          ASSERT_GT(after, 0);  // at the end at the latest
          taken += static_cast<double>(after);
          ++beyond;
        }
      }
      shares.push_back(taken / beyond / static_cast<double>(utterances));
      std::printf("budget %g, alpha %g: the %g points beyond it take %.1f %% of the utterances\n",
                  budget, alpha.value_or(0), beyond / kOrders, 100 * shares.back());
    }
    EXPECT_LT(shares[1], shares[0]);
    EXPECT_LT(shares[2], shares[1]);
  }
}

}  // namespace
}  // namespace edgeval::test
