#include "eval/score/loss_limit.hpp"

#include <algorithm>
#include <cmath>

#include "host/core/error.hpp"
#include "host/core/number_text.hpp"

namespace edgeval {
namespace {

constexpr double kPointRounding = 1e-9;  // in points; in doubles 12.7 - 12.2 is not quite 0.5

// The number of resamples that must lie beyond a percentile, so that it does not depend on one or
// two.
constexpr double kBeyond = 5;

double loss_of(double difference, const Compared& metric) {
  return is_error_metric(metric.name) ? difference : 0 - difference;  // no minus zero
}

double resampled_bound(const Compared& metric, double confidence) {
  std::vector<double> losses;
  for (const double difference : metric.figures.resampled)
    losses.push_back(loss_of(difference, metric));
  return percentile(std::move(losses), confidence);
}

}  // namespace

void expect_usable(const LossLimit& limit, int resamples) {
  EDGEVAL_EXPECTS(std::isfinite(limit.max_loss) && limit.max_loss >= 0, "--max-loss ",
                  limit.max_loss, ": points of the metric are wanted, 0 or more");
  if (!limit.confidence) return;
  EDGEVAL_EXPECTS(*limit.confidence >= 0.5 && *limit.confidence < 1, "--confidence ",
                  *limit.confidence, ": must be at least 0.5 and below 1");
  const double wanted = kBeyond / (1 - *limit.confidence);
  EDGEVAL_EXPECTS(resamples * (1 + kPointRounding) >= wanted, "--confidence ", *limit.confidence,
                  ": wants at least ", fixed(std::ceil(wanted * (1 - kPointRounding)), 0),
                  " --resamples");
}

LossVerdict judge_loss(const Compared& metric, std::size_t utterances, const LossLimit& limit) {
  EDGEVAL_EXPECTS(metric.figures.difference, "--max-loss: ", metric.title,
                  " has no value here, as the references hold no words");
  LossVerdict verdict{metric.name, metric.title, loss_of(*metric.figures.difference, metric)};
  verdict.limit = limit;
  if (limit.confidence) {
    EDGEVAL_EXPECTS(!metric.figures.resampled.empty(), "--confidence ", *limit.confidence,
                    ": one utterance shows no spread, so there is no bound");
    if (metric.differing == 0) {
      verdict.differing_bound =
          100 * (1 - std::pow(1 - *limit.confidence, 1 / static_cast<double>(utterances)));
      if (metric_kind(metric.name).of_sentences) verdict.bound = verdict.differing_bound;
    } else {
      verdict.bound = std::max(verdict.loss, resampled_bound(metric, *limit.confidence));
    }
  }
  verdict.passed = verdict.bound.value_or(verdict.loss) <= limit.max_loss + kPointRounding;
  return verdict;
}

}  // namespace edgeval
