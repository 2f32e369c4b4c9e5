#include "eval/search/race/race.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include "host/core/error.hpp"

namespace edgeval {

Race::Race(const std::vector<double>& dense_errors, double limit, std::optional<double> alpha)
    : ahead_(dense_errors.size()), limit_(limit), alpha_(alpha) {
  EDGEVAL_ASSERT(std::isfinite(limit));
  EDGEVAL_EXPECTS(!alpha || (*alpha > 0 && *alpha < 1), "alpha is ", *alpha,
                  "; give a number above 0 and below 1");
  double sum = 0, greatest = 0;
  for (std::size_t t = dense_errors.size(); t-- > 0;) {
    const double next = dense_errors[t];
    EDGEVAL_ASSERT(next >= 0 && std::isfinite(next));
    sum += next;
    greatest = std::max(greatest, next);
    ahead_[t] = {sum / static_cast<double>(dense_errors.size() - t), greatest, next};
  }
}

Racer::Racer(std::shared_ptr<const Race> race) : race_(std::move(race)) {
  capitals_.fill(1);
  if (race_->limit() < 0) drop_ = {RaceRule::kSure, 0};
}

void Racer::add(double errors) {
  EDGEVAL_ASSERT(errors >= 0 && std::isfinite(errors) && seen_ < race_->utterances());
  if (!out() && race_->alpha()) bet(errors);
  errors_ += errors;
  ++seen_;
  if (out()) return;
  if (errors_ > race_->limit())
    drop_ = {RaceRule::kSure, seen_};
  else if (race_->alpha() && capital() * *race_->alpha() >= 1)
    drop_ = {RaceRule::kBet, seen_};
}

// Where no errors are left to the limit, any error puts the point out for sure, and there is
// nothing to bet on.
void Racer::bet(double errors) {
  const Race::Ahead& dense = race_->ahead(seen_);
  const double mean = (race_->limit() - errors_) / static_cast<double>(race_->utterances() - seen_);
  if (!(mean > 0)) return;
  for (std::size_t b = 0; b < kRaceBets.size(); ++b) {
    const auto& [control, stake] = kRaceBets[b];
    const double gain = errors + control * (dense.greatest - dense.next);
    // The greatest is no less than the mean, but for rounding.
    const double expected = mean + control * std::max(dense.greatest - dense.mean, 0.0);
    capitals_[b] *= 1 - stake + stake * (gain / expected);
  }
}

double Racer::capital() const {
  return std::accumulate(capitals_.begin(), capitals_.end(), 0.0) /
         static_cast<double>(capitals_.size());
}

}  // namespace edgeval
