// Racing: while a point of a search is run over a test set block by block, it is dropped as soon as
// it is certain, or almost certain, to lose more than the budget on the whole set.
#pragma once

#include <array>
#include <memory>
#include <optional>
#include <vector>

#include "host/core/matrix.hpp"

namespace edgeval {

// By which rule a point is dropped.
enum class RaceRule {
  kSure,  // its errors so far exceed the limit
  kBet    // the capital of the bets has reached 1 / alpha
};

// One bet on the next utterance: that the point's errors, less `control` times those of the dense
// network, exceed what a point within the limit has on average. It stakes the share `stake` of the
// capital, from 0 to 1.
struct RaceBet {
  double control;
  double stake;
};

// The capital is divided evenly among these at the start. They were chosen by simulation among
// grids of 2 to 25 bets; whatever they are, alpha holds.
inline constexpr std::array<RaceBet, 5> kRaceBets{
    {{1, 1}, {0.75, 1}, {0.5, 1}, {0.5, 0.5}, {0, 0.25}}};

// What all points of a race over the same utterances in the same order share.
//
// The order in which the utterances run must have been drawn uniformly from all
// permutations, independent of any result. A point with the errors E_i >= 0 is within the limit
// when their sum over all N utterances is at most `limit`. Before utterance t let S be the point's
// errors so far, n = N - t + 1 the utterances to come, and Dmax and Dmean the greatest and the mean
// dense errors of these. A bet with control b and stake l multiplies its capital by
//
//   1 - l + l (E_t + b (Dmax - D_t)) / (m + b (Dmax - Dmean)),      m = (limit - S) / n.
//
// The numerator is never negative, so neither is the capital. Given what was seen before, the mean
// of the numerator over the utterances to come is at most the denominator for every point within
// the limit, so the capital is a supermartingale that starts at 1, and so is the mean of several.
// By Ville's inequality it ever reaches 1 / alpha with a probability of at most alpha. With b = 0
// this is the capital of Waudby-Smith and Ramdas, "Estimating means of bounded random variables by
// betting" (JRSS B 86, 2024), section 5, for one side and with lambda = l / m; see also their
// "Confidence sequences for sampling without replacement" (NeurIPS 2020). The control D_t, whose
// mean over the utterances to come is known, takes out the variance that both networks share.
class Race {
 public:
  // What is known of the dense errors before an utterance.
  struct Ahead {
    double mean, greatest;  // of those to come
    double next;            // of the utterance itself
  };

  // `dense_errors` are those of every utterance, finite and not negative, in the order of the race;
  // `limit` is in errors and finite. Without `alpha` no bets are made, and a point is only dropped
  // when it is certain to exceed the limit. Throws Error unless 0 < alpha < 1.
  Race(const std::vector<double>& dense_errors, double limit, std::optional<double> alpha);

  Index utterances() const { return static_cast<Index>(ahead_.size()); }
  double limit() const { return limit_; }
  const std::optional<double>& alpha() const { return alpha_; }

  // Returns what is known before utterance `t`, which is counted from 0.
  const Ahead& ahead(Index t) const { return ahead_[static_cast<std::size_t>(t)]; }

 private:
  std::vector<Ahead> ahead_;
  double limit_;
  std::optional<double> alpha_;
};

// One point in a race. It shares the Race.
class Racer {
 public:
  // When and why a point was dropped.
  struct Drop {
    RaceRule rule;
    Index utterances;  // how many had been seen
  };

  explicit Racer(std::shared_ptr<const Race> race);

  // Takes the point's errors of the next utterance, which are finite and not negative. What comes
  // after the drop changes nothing but seen().
  void add(double errors);

  // Whether the point is to be dropped. Once it is, it stays so.
  bool out() const { return drop_.has_value(); }
  const std::optional<Drop>& drop() const { return drop_; }

  Index seen() const { return seen_; }

  // Returns the mean capital of the bets; 1 where there is no alpha.
  double capital() const;

 private:
  void bet(double errors);

  std::shared_ptr<const Race> race_;
  Index seen_ = 0;
  double errors_ = 0;  // so far
  std::array<double, kRaceBets.size()> capitals_;
  std::optional<Drop> drop_;
};

}  // namespace edgeval
