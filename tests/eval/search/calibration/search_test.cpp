// The search of a calibration, with points whose errors follow from their settings by a formula.
#include "eval/search/calibration/search.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <set>

#include "eval/search/draws.hpp"
#include "host/core/error.hpp"
#include "host/numeric/random.hpp"
#include "tests/support/refusal.hpp"

namespace edgeval::test {
namespace {

constexpr Index kUtterances = 96, kOfBlock = 8;
constexpr double kWords = 6;

double value_of(const std::string& setting) {
  return std::stod(setting.substr(setting.find('=') + 1));
}

// An utterance has an error more than in the dense network where its number, drawn once, lies below
// the sum of squares of the point's thresholds. The cost falls with each threshold.
class Formula final : public Trials {
 public:
  explicit Formula(std::size_t dimensions) {
    SplitMix64 random(7);
    for (Index n = 0; n < kUtterances; ++n) {
      fragile_.push_back(random.uniform() * static_cast<double>(dimensions));
      dense_.push_back(random.below(3) == 0 ? 1 : 0);
    }
  }

  double dense_errors() const { return std::accumulate(dense_.begin(), dense_.end(), 0.0); }
  const std::vector<double>& dense() const { return dense_; }
  bool allows(const std::vector<std::string>& settings) override {
    return value_of(settings[0]) < refused_from;
  }
  void add(const std::vector<std::string>& settings) override { settings_.push_back(settings); }
  Index blocks() const override { return kUtterances / kOfBlock; }
  void run(Index block, std::span<const Index> points) override {
    EXPECT_TRUE(std::ranges::is_sorted(points));
    for (const Index point : points) {
      EXPECT_EQ(blocks_run[point], block) << "each block once, in their order";
      ++blocks_run[point];
    }
  }
  std::vector<double> errors(Index point, Index block) override {
    std::vector<double> errors;
    for (Index n = block * kOfBlock; n < (block + 1) * kOfBlock; ++n)
      errors.push_back(errors_of(point, n));
    return errors;
  }
  double loss_on(Index point, Index blocks) override {
    double more = 0;
    for (Index n = 0; n < blocks * kOfBlock; ++n)
      more += errors_of(point, n) - dense_[static_cast<std::size_t>(n)];
    return 100 * more / (kWords * static_cast<double>(blocks * kOfBlock));
  }
  CostAndLoss total(Index point) override {
    EXPECT_EQ(blocks_run[point], blocks()) << "only what ran on all blocks has a total";
    double cost = 0;
    for (const std::string& setting : settings_[static_cast<std::size_t>(point)])
      cost += 1 / (1 + value_of(setting));
    return {cost, loss_on(point, blocks())};
  }

  // A point of low thresholds executes more.
  std::uint64_t macs(Index point, Index blocks) const override {
    EXPECT_GE(blocks_run.at(point), blocks) << "what did not run executed nothing";
    const double first = value_of(settings_[static_cast<std::size_t>(point)][0]);
    return static_cast<std::uint64_t>(static_cast<double>(blocks) * (2000 - 1000 * first));
  }

  double refused_from = 2;
  std::map<Index, Index> blocks_run;

 private:
  double errors_of(Index point, Index utterance) const {
    double squares = 0;
    for (const std::string& setting : settings_[static_cast<std::size_t>(point)])
      squares += value_of(setting) * value_of(setting);
    const auto n = static_cast<std::size_t>(utterance);
    return dense_[n] + (fragile_[n] < squares ? 1 : 0);
  }

  std::vector<double> fragile_, dense_;
  std::vector<std::vector<std::string>> settings_;
};

SearchRules rules_of(std::size_t dimensions, std::size_t points, const Formula& formula, bool races,
                     std::optional<double> alpha = {}) {
  SearchRules rules;
  for (std::size_t d = 0; d < dimensions; ++d) {
    Dimension& dimension = rules.dimensions.emplace_back();
    dimension.keys = {"key" + std::to_string(d)};
    dimension.high = 1;
  }
  rules.points = points;
  rules.seed = 3;
  rules.budget = 2;
  const double limit = formula.dense_errors() + rules.budget / 100 * kWords * kUtterances;
  if (races) rules.race = std::make_shared<const Race>(formula.dense(), limit, alpha);
  return rules;
}

TEST(CalibrationSearch, TheSureRuleChangesNoAnswer) {
  for (const std::size_t dimensions : {2U, 6U}) {
    Formula whole(dimensions), raced(dimensions);
    const std::vector<Trial> all = search(rules_of(dimensions, 64, whole, false), whole);
    const std::vector<Trial> some = search(rules_of(dimensions, 64, raced, true), raced);
    ASSERT_EQ(all.size(), 64U);  // one batch: the same points
    ASSERT_EQ(some.size(), 64U);
    std::size_t dropped = 0;
    for (std::size_t t = 0; t < all.size(); ++t) {
      EXPECT_EQ(all[t].settings, some[t].settings);
      EXPECT_EQ(all[t].is_within_budget(), some[t].is_within_budget());
      dropped += some[t].drop.has_value();
      if (!some[t].drop) {
        EXPECT_EQ(all[t].whole->loss, some[t].whole->loss);
        continue;
      }
      EXPECT_GT(all[t].whole->loss, 2.0) << "what is dropped exceeds the budget";
      EXPECT_GT(some[t].violation, 0);
      EXPECT_LE(some[t].blocks, whole.blocks());
    }
    EXPECT_GT(dropped, 5U);
    EXPECT_EQ(cheapest_within_budget(all), cheapest_within_budget(some));
  }
}

TEST(CalibrationSearch, FindsACheaperPointThanItsFirstOnesAndRepeatsItself) {
  Formula formula(6), again(6);
  const SearchRules rules = rules_of(6, 320, formula, true, 0.05);
  std::size_t batches = 0;
  const std::vector<Trial> trials =
      search(rules, formula, [&](std::span<const Trial>) { ++batches; });
  EXPECT_GE(batches, 5U);
  ASSERT_LE(trials.size(), 320U);
  std::set<std::vector<std::string>> different;
  std::set<ProposedBy> by;
  for (const Trial& trial : trials) different.insert(trial.settings), by.insert(trial.by);
  EXPECT_EQ(different.size(), trials.size()) << "no point runs twice";
  EXPECT_EQ(by.size(), 3U);
  const std::span<const Trial> first(trials.data(), 64);
  const auto best = cheapest_within_budget(trials), at_first = cheapest_within_budget(first);
  ASSERT_TRUE(best && at_first);
  EXPECT_LT(trials[*best].whole->cost, trials[*at_first].whole->cost);
  const std::vector<Trial> repeated = search(rules, again);
  ASSERT_EQ(repeated.size(), trials.size());
  for (std::size_t t = 0; t < trials.size(); ++t) EXPECT_EQ(repeated[t].at, trials[t].at);
}

TEST(CalibrationSearch, TriesNothingThatTheRulesRefuse) {
  Formula formula(2);
  formula.refused_from = 0.25;
  for (const Trial& trial : search(rules_of(2, 192, formula, true), formula))
    EXPECT_LT(value_of(trial.settings[0]), 0.25);
  Formula refusing(2);
  refusing.refused_from = 0;
  EXPECT_EQ(refusal([&] { search(rules_of(2, 64, refusing, true), refusing); }),
            "the rules of policies allow no point of what varies");
}

TEST(CalibrationSearch, EndsWhenAllPointsOfAFewValuesRan) {
  Formula formula(2);
  SearchRules rules = rules_of(2, 500, formula, true);
  for (Dimension& dimension : rules.dimensions) dimension.values = {"0.1", "0.5", "0.9"};
  EXPECT_EQ(search(rules, formula).size(), 9U);
}

TEST(CalibrationSearch, AtRandomTakesAsManyMacsAndThePointsOfRandomDraws) {
  Formula formula(2), unlimited(2);
  const SearchRules rules = rules_of(2, 128, formula, true);
  std::vector<Trial> trials = search(rules, formula);
  const std::size_t of_search = trials.size();
  const std::vector<Trial> before = trials;
  std::size_t last = 0;
  search_at_random(rules, formula, 10'000, trials,
                   [&](std::span<const Trial> all) { last = all.size(); });
  EXPECT_EQ(last, trials.size());
  ASSERT_GT(trials.size(), of_search + 64);
  for (std::size_t t = 0; t < of_search; ++t) EXPECT_EQ(trials[t].settings, before[t].settings);
  double of_random = 0, of_all = 0, greatest = 0;
  const std::unique_ptr<Draws> draws = random_draws(rules.dimensions, rules.seed);
  for (std::size_t t = 0; t < trials.size(); ++t) {
    const auto macs = static_cast<double>(formula.macs(static_cast<Index>(t), trials[t].blocks));
    of_all += macs;
    greatest = std::max(greatest, macs);
    if (t < of_search) continue;
    of_random += macs;
    EXPECT_EQ(trials[t].by, ProposedBy::kRandom);
    EXPECT_EQ(trials[t].settings, *draws->next());
  }
  EXPECT_GE(of_random, of_all - of_random);
  EXPECT_LT(of_random - greatest, of_all - of_random) << "one point too many, at most";

  std::vector<Trial> limited = search(rules, unlimited);
  search_at_random(rules, unlimited, 10, limited);
  EXPECT_EQ(limited.size(), of_search + 10);
}

TEST(CalibrationSearch, AtRandomEndsWhenAllPointsOfAFewValuesRan) {
  Formula formula(2);
  SearchRules rules = rules_of(2, 500, formula, true);
  for (Dimension& dimension : rules.dimensions) dimension.values = {"0.1", "0.5", "0.9"};
  std::vector<Trial> trials = search(rules, formula);
  search_at_random(rules, formula, 500, trials);
  EXPECT_LE(trials.size(), 18U);
  EXPECT_GT(trials.size(), 9U);
}

TEST(CalibrationSearch, CandidatesAreTheFrontFromTheLeastLossOn) {
  const auto trial = [](double cost, double loss, double violation) {
    Trial made;
    made.whole = {cost, loss};
    made.violation = violation;
    return made;
  };
  std::vector<Trial> trials{trial(5, 0.5, -1), trial(4, 0.9, -1), trial(6, 0.7, -1),
                            trial(1, 3.0, 1),  trial(9, 0.1, -1), trial(3, 1.5, 0)};
  trials.emplace_back();  // dropped
  EXPECT_EQ(candidates(trials, {}, 16), (std::vector<std::size_t>{4, 0, 1, 5}));
  EXPECT_EQ(candidates(trials, 5.0, 16), (std::vector<std::size_t>{1, 5}));
  EXPECT_EQ(candidates(trials, {}, 2), (std::vector<std::size_t>{4, 5}));
  EXPECT_EQ(candidates(trials, {}, 3), (std::vector<std::size_t>{4, 0, 5}));
  EXPECT_EQ(*cheapest_within_budget(trials), 5U);
  EXPECT_FALSE(cheapest_within_budget(std::span(trials).subspan(3, 1)));
}

}  // namespace
}  // namespace edgeval::test
