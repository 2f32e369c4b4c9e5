// How often a calibration confirms a policy whose true loss exceeds the budget, by simulation: the
// guarantee of docs/calibration.md. CI simulates few corpora; EDGEVAL_FULL=1 simulates 2,000 for
// each setting, and the tables it prints are those of docs/calibration.md.
//
// The corpora are of AN4's kind. An utterance has 1 to 11 words, 6 on average, and is easy (55 %,
// 3 % of its words are wrong) or fragile (45 %, 25 % are wrong), so errors within an utterance are
// correlated and 12.9 % of the words are wrong. Policy j disturbs it with probability q_j f, where
// f is 0.5 or 1.5; four times out of five the number that decides this is the same for all
// policies. A disturbed utterance has all words wrong (2 %), or an error less (20 %, if it has
// any), or one more error, and each further correct word is wrong with probability 15 %; 10 % get
// an insertion. So the true loss 100 E[added errors] / E[words] is linear in q_j and known exactly.
#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <map>

#include "eval/score/statistics/bootstrap.hpp"
#include "eval/score/statistics/fixed_sequence.hpp"
#include "eval/score/statistics/loss_bound.hpp"
#include "host/numeric/random.hpp"

namespace edgeval::test {
namespace {

constexpr double kConfidence = 0.95;
constexpr int kMostWords = 11;

struct UtteranceKind {
  double share, wrong, fragility;
};
constexpr std::array<UtteranceKind, 2> kUtteranceKinds{{{0.55, 0.03, 0.5}, {0.45, 0.25, 1.5}}};

struct Disturbance {
  double all_wrong = 0.02, better = 0.2, further = 0.15, insertion = 0.1;
};

int binomial_draw(SplitMix64& random, int trials, double probability) {
  int hits = 0;
  for (int i = 0; i < trials; ++i) hits += random.uniform() < probability;
  return hits;
}

// Returns the errors that a disturbance adds to an utterance with so many right and wrong words.
int added_errors(SplitMix64& random, int right, int wrong) {
  const Disturbance disturbance;
  if (random.uniform() < disturbance.all_wrong) return right;
  if (wrong > 0 && random.uniform() < disturbance.better) return -1;
  int added = right > 0 ? 1 + binomial_draw(random, right - 1, disturbance.further) : 0;
  added += random.uniform() < disturbance.insertion;
  return added;
}

double expected_added_errors(int right, int wrong) {
  const Disturbance disturbance;
  const double better = wrong > 0 ? disturbance.better : 0;
  const double more =
      (right > 0 ? 1 + (right - 1) * disturbance.further : 0.0) + disturbance.insertion;
  return disturbance.all_wrong * right +
         (1 - disturbance.all_wrong) * ((1 - better) * more - better);
}

// Returns the true loss in points per unit of q.
double loss_per_disturbance() {
  double added = 0;
  for (const auto& [share, wrong_share, fragility] : kUtteranceKinds)
    for (int words = 1; words <= kMostWords; ++words) {
      double probability = std::pow(1 - wrong_share, words);  // of no wrong word
      for (int wrong = 0; wrong <= words; ++wrong) {
        added += share / kMostWords * probability * fragility *
                 expected_added_errors(words - wrong, wrong);
        probability *= wrong_share / (1 - wrong_share) * (words - wrong) / (wrong + 1);
      }
    }
  constexpr double kMeanWords = (1 + kMostWords) / 2.0;
  return 100 * added / kMeanWords;
}

struct Corpus {
  Statistics dense{2};  // errors, words
  std::vector<Statistics> policies{};
};

Corpus drawn_corpus(SplitMix64& random, int utterances, const std::vector<double>& true_losses) {
  static const double kPerDisturbance = loss_per_disturbance();
  Corpus corpus;
  corpus.policies.resize(true_losses.size(), Statistics(2));
  for (int n = 0; n < utterances; ++n) {
    const auto& kind = kUtteranceKinds[random.uniform() < kUtteranceKinds[0].share ? 0 : 1];
    const int words = 1 + static_cast<int>(random.below(kMostWords));
    const int wrong = binomial_draw(random, words, kind.wrong);
    corpus.dense.add({static_cast<double>(wrong), static_cast<double>(words)});
    const double common = random.uniform();
    for (std::size_t j = 0; j < true_losses.size(); ++j) {
      const double decides = random.uniform() < 0.8 ? common : random.uniform();
      const bool disturbed = decides < true_losses[j] / kPerDisturbance * kind.fragility;
      const int added = disturbed ? added_errors(random, words - wrong, wrong) : 0;
      corpus.policies[j].add({static_cast<double>(wrong + added), static_cast<double>(words)});
    }
  }
  return corpus;
}

struct Scales {
  double mean = 0, tail = 0;
};

// Returns the loss of one utterance that loses, measured over all policies of a development set, in
// points; it is at least that of one error.
Scales scales_of(const Corpus& development) {
  std::vector<double> losses;
  for (const Statistics& policy : development.policies)
    for (const double loss : utterance_losses(development.dense, policy, percent_of_sums, true))
      if (loss > 0) losses.push_back(loss);
  double sum = 0;
  for (const double loss : losses) sum += loss;
  const double mean = losses.empty() ? 0 : sum / static_cast<double>(losses.size());
  const double one_error =
      100.0 * static_cast<double>(development.dense.sentences()) / development.dense.sum()[1];
  return {std::max(one_error, mean), std::max(one_error, tail_loss(losses))};
}

double loss_of_policy(const Corpus& corpus, std::size_t policy) {
  return *percent_of_sums(corpus.policies[policy].sum()) - *percent_of_sums(corpus.dense.sum());
}

// Returns the policies within the budget on the development set that are on the front of loss and
// cost there, the least loss first. Policies are numbered from the dearest to the cheapest.
std::vector<std::size_t> candidates_in_order(const Corpus& development, double budget) {
  std::map<double, std::size_t> cheapest;  // by loss
  for (std::size_t j = 0; j < development.policies.size(); ++j)
    if (const double loss = loss_of_policy(development, j); within_budget(loss, budget))
      cheapest[loss] = j;
  std::vector<std::size_t> front;
  for (const auto& [loss, policy] : cheapest)
    if (front.empty() || policy > front.back()) front.push_back(policy);
  return front;
}

bool is_full_study() { return std::getenv("EDGEVAL_FULL") != nullptr; }
int study_resamples() { return is_full_study() ? 1000 : 200; }

struct StudySetting {
  int utterances;
  double budget;
};

std::vector<StudySetting> study_settings() {
  if (!is_full_study()) return {{85, 1}, {130, 2}, {500, 0.5}};
  std::vector<StudySetting> settings;
  for (const int utterances : {85, 130, 500, 1000})
    for (const double budget : {0.5, 1.0, 2.0}) settings.push_back({utterances, budget});
  return settings;
}

int study_corpora(const StudySetting& setting) {
  return is_full_study() ? 2000 : setting.utterances < 500 ? 200 : 60;
}

// The share of hits with its Monte Carlo error, which is one standard error.
struct Rate {
  double hits = 0, all = 0;
  double percent() const { return 100 * hits / all; }
  double error() const {
    const double share = (hits + 1) / (all + 2);  // not 0 for no hits
    return 100 * std::sqrt(share * (1 - share) / all);
  }
};

// Fails if the rate is above 5 % by more than three Monte Carlo errors of a rate of 5 %.
void expect_within_level(const Rate& rate) {
  EXPECT_LE(rate.percent(), 5 + 3 * 100 * std::sqrt(0.05 * 0.95 / rate.all));
}

TEST(Coverage, TheTrueLossIsWhatALargeCorpusLoses) {
  SplitMix64 random(11);
  constexpr int kUtterances = 100'000;
  const Corpus corpus = drawn_corpus(random, kUtterances, {0, 2});
  EXPECT_EQ(loss_of_policy(corpus, 0), 0);
  double squares = 0;
  for (Index n = 0; n < kUtterances; ++n)
    squares += std::pow(corpus.policies[1][n][0] - corpus.dense[n][0], 2);
  const double error = 100 * std::sqrt(squares) / corpus.dense.sum()[1];
  EXPECT_NEAR(loss_of_policy(corpus, 1), 2, 4 * error);
  EXPECT_LT(error, 0.1);
  EXPECT_NEAR(*percent_of_sums(corpus.dense.sum()), 12.9, 0.5);
}

// The whole procedure: a development set orders the policies, and a set of the same size confirms.
TEST(Coverage, AConfirmedPolicySeldomExceedsTheBudget) {
  std::printf(
      "utterances  budget  exceeds the budget  confirms any  tested  true loss of winner\n");
  for (const auto& [utterances, budget] : study_settings()) {
    // 0 to 3 points in steps of 0.2, and what hardly exceeds a budget.
    std::vector<double> true_losses{0.501, 1.001, 2.001};
    for (int i = 0; i <= 15; ++i) true_losses.push_back(0.2 * i);
    std::ranges::sort(true_losses);
    const int corpora = study_corpora({utterances, budget});
    const Resamples resamples(utterances, study_resamples(), 0);
    Rate exceeds{.all = static_cast<double>(corpora)}, any = exceeds;
    double tested = 0, loss_of_winners = 0;
    for (int c = 0; c < corpora; ++c) {
      SplitMix64 random = random_stream(static_cast<std::uint64_t>(utterances),
                                        static_cast<std::uint64_t>(1000 * budget + 10'000 * c));
      const Corpus development = drawn_corpus(random, utterances, true_losses);
      const Corpus confirm = drawn_corpus(random, utterances, true_losses);
      const std::vector<std::size_t> order = candidates_in_order(development, budget);
      const double scale = scales_of(development).tail;
      std::vector<double> bounds;
      for (const std::size_t policy : order) {
        bounds.push_back(upper_bound(confirm.dense, confirm.policies[policy], percent_of_sums, {},
                                     resamples, kConfidence, scale)
                             ->bound);
        if (!within_budget(bounds.back(), budget)) break;
      }
      const FixedSequence sequence = test_in_order(bounds, budget);
      tested += static_cast<double>(sequence.tested);
      if (sequence.passed == 0) continue;
      const double winner = true_losses[order[sequence.passed - 1]];
      ++any.hits;
      loss_of_winners += winner;
      exceeds.hits += winner > budget;
    }
    std::printf(
        "%10d %7.1f %11.2f +- %4.2f %% %11.1f %% %7.1f %20s\n", utterances, budget,
        exceeds.percent(), exceeds.error(), any.percent(), tested / corpora,
        any.hits > 0 ? std::to_string(loss_of_winners / any.hits).substr(0, 4).c_str() : "-");
    expect_within_level(exceeds);
  }
}

// The worst case: a single policy whose true loss is the budget, so that confirming it is wrong.
// What the bound costs shows in how often a policy with a quarter of this loss is confirmed.
TEST(Coverage, APolicyAtTheBudgetIsSeldomConfirmed) {
  std::printf("                    confirmed at the budget          at a quarter of it\n");
  std::printf("utterances  budget  percentile  mean  tail_loss      percentile  mean  tail_loss\n");
  for (const auto& [utterances, budget] : study_settings()) {
    const std::vector<double> true_losses{budget, budget / 4, 0.5, 1, 1.5, 2, 2.5, 3};
    const int corpora = study_corpora({utterances, budget});
    const Resamples resamples(utterances, study_resamples(), 0);
    std::array<std::array<Rate, 3>, 2> rates{};
    for (int c = 0; c < corpora; ++c) {
      SplitMix64 random = random_stream(static_cast<std::uint64_t>(utterances),
                                        static_cast<std::uint64_t>(1000 * budget + 10'000 * c + 1));
      const Scales scales = scales_of(drawn_corpus(random, utterances, true_losses));
      const Corpus confirm = drawn_corpus(random, utterances, {budget, budget / 4});
      for (std::size_t j = 0; j < 2; ++j) {
        const auto bound = [&](double scale) {
          return upper_bound(confirm.dense, confirm.policies[j], percent_of_sums, {}, resamples,
                             kConfidence, scale)
              ->bound;
        };
        const double percentiles = percentile(
            resampled_losses(confirm.dense, confirm.policies[j], percent_of_sums, {}, resamples),
            kConfidence);
        const std::array bounds{std::max(loss_of_policy(confirm, j), percentiles),
                                bound(scales.mean), bound(scales.tail)};
        for (std::size_t i = 0; i < bounds.size(); ++i) {
          ++rates[j][i].all;
          rates[j][i].hits += within_budget(bounds[i], budget);
        }
      }
    }
    std::printf("%10d %7.1f %9.1f %% %5.1f %% %5.1f +- %3.1f %%   %9.1f %% %5.1f %% %5.1f %%\n",
                utterances, budget, rates[0][0].percent(), rates[0][1].percent(),
                rates[0][2].percent(), rates[0][2].error(), rates[1][0].percent(),
                rates[1][1].percent(), rates[1][2].percent());
    expect_within_level(rates[0][2]);
  }
}

}  // namespace
}  // namespace edgeval::test
