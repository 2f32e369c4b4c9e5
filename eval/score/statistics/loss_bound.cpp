#include "eval/score/statistics/loss_bound.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "eval/score/statistics/bootstrap.hpp"
#include "host/core/error.hpp"

namespace edgeval {

std::optional<double> loss_between(double a, double b, LossKind kind) {
  const double loss = kind.less_is_better ? b - a : a - b;
  if (!kind.relative) return loss;
  if (a == 0) return std::nullopt;
  return loss / a;
}

std::vector<double> resampled_losses(const Statistics& dense, const Statistics& point,
                                     const Score& score, LossKind kind,
                                     const Resamples& resamples) {
  std::vector<double> losses(static_cast<std::size_t>(resamples.count()),
                             std::numeric_limits<double>::quiet_NaN());
  visit_resampled_scores(dense, point, score, resamples, [&](int resample, double a, double b) {
    const double unbounded = a == b ? 0 : std::numeric_limits<double>::max();
    losses[static_cast<std::size_t>(resample)] = loss_between(a, b, kind).value_or(unbounded);
  });
  return losses;
}

std::vector<double> utterance_losses(const Statistics& dense, const Statistics& point,
                                     const Score& score, bool less_is_better) {
  EDGEVAL_ASSERT(dense.sentences() == point.sentences() && dense.width() == point.width());
  std::vector<double> losses(static_cast<std::size_t>(dense.sentences()));
  const std::vector<double> sums = dense.sum();
  const std::optional<double> of_dense = score(sums);
  if (!of_dense) return losses;
  for (Index n = 0; n < dense.sentences(); ++n) {
    if (std::ranges::equal(dense[n], point[n])) continue;
    std::vector<double> replaced = sums;
    for (std::size_t i = 0; i < replaced.size(); ++i) replaced[i] += point[n][i] - dense[n][i];
    if (const std::optional<double> of_one = score(replaced))
      losses[static_cast<std::size_t>(n)] =
          static_cast<double>(dense.sentences()) *
          *loss_between(*of_dense, *of_one, {.less_is_better = less_is_better});
  }
  return losses;
}

double tail_loss(std::span<const double> losses) {
  double squares = 0, cubes = 0;
  for (const double loss : losses) {
    if (loss <= 0) continue;
    squares += loss * loss;
    cubes += loss * loss * loss;
  }
  return squares > 0 ? cubes / squares : 0;
}

double none_differs_bound(Index items, double confidence, double scale_of_one) {
  return (1 - std::pow(1 - confidence, 1 / static_cast<double>(items))) * scale_of_one;
}

Index items_wanted(double budget, double confidence, double scale_of_one) {
  EDGEVAL_ASSERT(budget > 0);
  if (budget >= scale_of_one) return 1;
  return static_cast<Index>(
      std::ceil(std::log(1 - confidence) / std::log1p(-budget / scale_of_one)));
}

std::optional<LossBound> upper_bound(const Statistics& dense, const Statistics& point,
                                     const Score& score, LossKind kind, const Resamples& resamples,
                                     double confidence, double scale_of_one) {
  EDGEVAL_ASSERT(dense.sentences() == point.sentences() && dense.width() == point.width());
  EDGEVAL_ASSERT(dense.sentences() == resamples.items());
  EDGEVAL_ASSERT(confidence > 0 && confidence < 1 && scale_of_one > 0);
  const std::optional<double> a = score(dense.sum()), b = score(point.sum());
  if (!a || !b || dense.sentences() == 0) return std::nullopt;
  const std::optional<double> loss = loss_between(*a, *b, kind);
  if (!loss) return std::nullopt;

  const double unit = kind.relative ? *a : 1;  // points in one unit of the loss
  LossBound result{.loss = *loss};
  for (Index n = 0; n < dense.sentences(); ++n)
    result.differing += !std::ranges::equal(dense[n], point[n]);
  const double none = none_differs_bound(dense.sentences(), confidence, scale_of_one) / unit;
  if (result.differing == 0) {
    result.bound = none;
    return result;
  }

  const double unseen =
      std::max(scale_of_one,
               std::ranges::max(utterance_losses(dense, point, score, kind.less_is_better))) /
      unit;
  std::vector<double> losses;
  const std::vector<double> resampled = resampled_losses(dense, point, score, kind, resamples);
  for (int r = 0; r < resamples.count(); ++r) {
    const double weight = resamples.unseen(r), seen = resampled[static_cast<std::size_t>(r)];
    if (!std::isnan(seen)) losses.push_back((1 - weight) * seen + weight * unseen);
  }
  if (losses.empty()) return std::nullopt;
  result.bound = percentile(std::move(losses), confidence);
  result.rule = BoundRule::kResamples;
  if (*loss > result.bound) {
    result.bound = *loss;
    result.rule = BoundRule::kLoss;
  }
  if (*loss >= 0 && none > result.bound) {
    result.bound = none;
    result.rule = BoundRule::kAtLeastNone;
  }
  return result;
}

}  // namespace edgeval
