// The capital of a race is what the formula says, a supermartingale over all orders of small sets,
// and drops few points within the limit and most others early.
#include "eval/search/race/race.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <limits>
#include <numeric>

#include "host/core/error.hpp"
#include "host/numeric/random.hpp"

namespace edgeval::test {
namespace {

using Numbers = std::vector<double>;

double sum_of(const Numbers& numbers) {
  return std::accumulate(numbers.begin(), numbers.end(), 0.0);
}

Numbers in_order(const Numbers& numbers, const std::vector<std::size_t>& order) {
  Numbers sorted;
  for (const std::size_t at : order) sorted.push_back(numbers[at]);
  return sorted;
}

std::vector<std::size_t> first_order(std::size_t size) {
  std::vector<std::size_t> order(size);
  std::iota(order.begin(), order.end(), std::size_t{0});
  return order;
}

// Errors of a point and of the dense network.
struct Pair {
  Numbers point, dense;
};

// Small sets: much alike, not alike at all, with rare large errors, without dense errors, with
// equal dense errors, and with numbers that are not whole.
const std::vector<Pair>& small_sets() {
  static const std::vector<Pair> sets{{{1, 0, 2, 1, 0, 3, 1}, {1, 0, 1, 1, 0, 2, 1}},
                                      {{3, 0, 0, 1, 0, 1, 0}, {0, 2, 0, 0, 1, 0, 1}},
                                      {{9, 0, 0, 0, 0, 0, 0}, {0, 0, 0, 0, 0, 0, 0}},
                                      {{5, 0, 0, 5, 0, 0}, {6, 0, 0, 1, 0, 0}},
                                      {{0, 1, 2, 0, 1, 2}, {1, 1, 1, 1, 1, 1}},
                                      {{0.5, 1.25, 0, 0, 2.75, 0}, {0.25, 1.5, 0, 0.75, 2, 0}},
                                      {{1, 1, 1, 1, 1, 1, 1}, {4, 0, 1, 0, 0, 0, 2}}};
  return sets;
}

// The capital after each utterance, written as the papers do: the bet is on z = E - b D, which is
// at least -b max D, and its mean under the hypothesis is mu.
Numbers literal_capitals(const Numbers& point, const Numbers& dense, double limit) {
  Numbers capitals(point.size(), 0.0);
  for (const RaceBet& bet : kRaceBets) {
    double capital = 1;
    for (std::size_t t = 0; t < point.size(); ++t) {
      const auto before = static_cast<std::ptrdiff_t>(t);
      const double left = static_cast<double>(point.size() - t);
      const double so_far = std::accumulate(point.begin(), point.begin() + before, 0.0);
      const double dense_left = std::accumulate(dense.begin() + before, dense.end(), 0.0);
      const double lowest = -bet.control * *std::max_element(dense.begin() + before, dense.end());
      const double mu = (limit - so_far - bet.control * dense_left) / left;
      const double lambda = bet.stake / (mu - lowest);
      if (limit > so_far) capital *= 1 + lambda * (point[t] - bet.control * dense[t] - mu);
      capitals[t] += capital / static_cast<double>(kRaceBets.size());
    }
  }
  return capitals;
}

// So small that no set here is dropped by it.
constexpr double kTinyAlpha = 1e-200;

std::shared_ptr<const Race> race_of(const Numbers& dense, double limit,
                                    std::optional<double> alpha) {
  return std::make_shared<const Race>(dense, limit, alpha);
}

TEST(Race, CapitalIsThatOfTheFormula) {
  SplitMix64 random(3);
  for (int round = 0; round < 200; ++round) {
    Numbers point, dense;
    for (std::size_t n = 0; n < 1 + round % 40u; ++n) {
      dense.push_back(static_cast<double>(random.below(4)));
      point.push_back(static_cast<double>(random.below(5)));
    }
    const double limit = sum_of(point) + static_cast<double>(random.below(8)) / 4;
    Racer racer(race_of(dense, limit, kTinyAlpha));
    const Numbers expected = literal_capitals(point, dense, limit);
    for (std::size_t t = 0; t < point.size(); ++t) {
      racer.add(point[t]);
      ASSERT_NEAR(racer.capital(), expected[t], 1e-9 * std::max(1.0, expected[t]))
          << round << " " << t;
    }
    EXPECT_EQ(racer.seen(), std::ssize(point));
  }
}

// The exact mean over all orders. At the limit it is 1 at every utterance, below it is less.
TEST(Race, CapitalIsASupermartingaleOverAllOrders) {
  for (const Pair& set : small_sets())
    for (const double slack : {0.0, 0.3, 1.0, 4.0}) {
      const double limit = sum_of(set.point) + slack;
      Numbers means(set.point.size(), 0.0);
      double orders = 0;
      std::vector<std::size_t> order = first_order(set.point.size());
      do {
        Racer racer(race_of(in_order(set.dense, order), limit, kTinyAlpha));
        for (std::size_t t = 0; t < order.size(); ++t) {
          racer.add(set.point[order[t]]);
          means[t] += racer.capital();
        }
        ++orders;
      } while (std::ranges::next_permutation(order).found);
      double before = 1;
      for (double& mean : means) {
        mean /= orders;
        if (slack == 0)
          EXPECT_NEAR(mean, 1, 1e-10);
        else
          EXPECT_LT(mean, before);
        before = mean;
      }
    }
}

// The share of all orders in which the point is dropped.
double share_dropped(const Pair& set, double limit, std::optional<double> alpha) {
  double orders = 0, dropped = 0;
  std::vector<std::size_t> order = first_order(set.point.size());
  do {
    Racer racer(race_of(in_order(set.dense, order), limit, alpha));
    for (const std::size_t at : order) racer.add(set.point[at]);
    ++orders;
    dropped += racer.out();
  } while (std::ranges::next_permutation(order).found);
  return dropped / orders;
}

TEST(Race, OfAllOrdersAtMostAlphaDropAPointWithinTheLimit) {
  double greatest = 0;
  for (const Pair& set : small_sets())
    for (const double slack : {0.0, 0.5, 2.0}) {
      const double limit = sum_of(set.point) + slack;
      EXPECT_EQ(share_dropped(set, limit, std::nullopt), 0);
      for (const double alpha : {0.05, 0.2, 0.5, 0.9}) {
        const double share = share_dropped(set, limit, alpha);
        EXPECT_LE(share, alpha) << limit;
        greatest = std::max(greatest, share / alpha);
      }
    }
  EXPECT_GT(greatest, 0.5);  // the test is not blind
}

TEST(Race, OfAllOrdersEachDropsAPointBeyondTheLimit) {
  for (const Pair& set : small_sets())
    for (const std::optional<double> alpha : {std::optional<double>(), std::optional(0.05)})
      EXPECT_EQ(share_dropped(set, sum_of(set.point) - 0.25, alpha), 1);
}

TEST(Race, SaysByWhichRuleAndWhenAPointIsDropped) {
  Racer sure(race_of({1, 0, 1, 0}, 3, std::nullopt));
  for (const double errors : {2.0, 1.0}) sure.add(errors);
  EXPECT_FALSE(sure.out());  // at the limit, within it
  for (const double errors : {1.0, 0.0}) sure.add(errors);
  ASSERT_TRUE(sure.out());
  EXPECT_EQ(sure.drop()->rule, RaceRule::kSure);
  EXPECT_EQ(sure.drop()->utterances, 3);
  EXPECT_EQ(sure.seen(), 4);
  EXPECT_EQ(sure.capital(), 1);

  // With no dense errors a bet of stake l becomes 1 - l + l x / m, here with x / m = 7: the capital
  // is (3 * 7 + 4 + 2.5) / 5 = 5.5.
  const Numbers none(7, 0.0);
  Racer bet(race_of(none, 3, 1 / 5.4)), kept(race_of(none, 3, 1 / 5.6));
  bet.add(3);
  kept.add(3);
  EXPECT_DOUBLE_EQ(kept.capital(), 5.5);
  EXPECT_FALSE(kept.out());
  ASSERT_TRUE(bet.out());
  EXPECT_EQ(bet.drop()->rule, RaceRule::kBet);
  EXPECT_EQ(bet.drop()->utterances, 1);
}

TEST(Race, NeedsNoErrorsLeftToBetOn) {
  for (const Numbers& dense : {Numbers{0, 0, 0}, Numbers{2, 0, 1}, Numbers{1, 1, 1}}) {
    Racer none(race_of(dense, 0, 0.05)), one(race_of(dense, 0, 0.05));
    for (const double errors : {0.0, 0.0, 0.0}) none.add(errors);
    EXPECT_FALSE(none.out());
    EXPECT_EQ(none.capital(), 1);
    for (const double errors : {0.0, 1.0, 0.0}) one.add(errors);
    ASSERT_TRUE(one.out());
    EXPECT_EQ(one.drop()->rule, RaceRule::kSure);
    EXPECT_EQ(one.drop()->utterances, 2);
  }
  const Racer hopeless(race_of({1, 2}, -1, 0.05));  // below zero, beyond any point
  ASSERT_TRUE(hopeless.out());
  EXPECT_EQ(hopeless.drop()->utterances, 0);
  EXPECT_FALSE(Racer(race_of({}, 0, 0.05)).out());
}

TEST(Race, RefusesAlphaBeyondItsRange) {
  for (const double alpha : {0.0, 1.0, -0.5, 2.0, std::numeric_limits<double>::quiet_NaN()})
    EXPECT_THROW(race_of({1}, 1, alpha), Error) << alpha;
  EXPECT_THROW(race_of({-1}, 1, 0.05), std::logic_error);
  Racer racer(race_of({1}, 1, 0.05));
  EXPECT_THROW(racer.add(-1), std::logic_error);
  racer.add(1);
  EXPECT_THROW(racer.add(0), std::logic_error);
}

// Draws how many of the words are wrong, each with the probability `rate`.
double wrong_words(SplitMix64& random, double words, double rate) {
  double wrong = 0;
  for (double n = 0; n < words; ++n) wrong += random.uniform() < rate;
  return wrong;
}

// 1,000 utterances of 6 words, of which a third are hard; the dense network has a WER of about
// 13 %. The point keeps 85 % of its errors and adds others, until it has `over` points more than
// the budget of one.
Pair simulated_errors(std::uint64_t seed, double over) {
  SplitMix64 random = random_stream(seed, 0);
  Pair set;
  for (int n = 0; n < 1000; ++n) {
    const double rate = random.uniform() < 1.0 / 3 ? 0.33 : 0.03;
    set.dense.push_back(wrong_words(random, 6, rate));
    set.point.push_back(wrong_words(random, set.dense.back(), 0.85));
  }
  const double target = sum_of(set.dense) + 60 * (1 + over);
  for (double errors = sum_of(set.point); errors < target; ++errors)
    ++set.point[random.below(1000)];
  return set;
}

TEST(Race, DropsABadPointEarly) {
  for (const double over : {1.0, 3.0, 10.0}) {
    double bet = 0, sure = 0;
    for (std::uint64_t seed = 0; seed < 100; ++seed) {
      const Pair set = simulated_errors(seed, over);
      const double limit = sum_of(set.dense) + 60;
      Racer with(race_of(set.dense, limit, 0.05)), without(race_of(set.dense, limit, {}));
      for (const double errors : set.point) {
        with.add(errors);
        without.add(errors);
      }
      ASSERT_TRUE(with.out() && without.out());
      bet += static_cast<double>(with.drop()->utterances) / 1000 / 100;
      sure += static_cast<double>(without.drop()->utterances) / 1000 / 100;
    }
    std::printf(
        "%g points over the budget: dropped after %.1f %% of the utterances, surely after "
        "%.1f %%\n",
        over, 100 * bet, 100 * sure);
    EXPECT_LT(bet, over == 1 ? 0.75 : over == 3 ? 0.25 : 0.08);
    EXPECT_GT(sure, over == 10 ? 0.5 : 0.75);
  }
}

}  // namespace
}  // namespace edgeval::test
