// An upper confidence bound of what a point (a policy) loses against the dense network, for a test
// that must not confirm too much on a small set. With N utterances, of which k differ:
//
//   k = 0    bound = (1 - (1 - C)^(1/N)) s: the share of utterances that would differ is below the
//            first factor with confidence C (Clopper and Pearson 1934, none seen of N), and each
//            loses s.
//   k > 0    bound = the quantile C of (1 - V_r) L_r + V_r s' over the resamples r. L_r is the loss
//            in the resample, V_r ~ Beta(1, N) is the weight of one more utterance that was not
//            seen, and s' is the greater of s and the largest loss of an utterance that was seen.
//            The bound is at least the loss, and if the loss is at least 0, that of k = 0.
//
// s and s' are the losses in points of the whole set if every utterance lost as much as that one.
// The percentile bootstrap (s' = 0) is too low when few utterances differ, as it knows of no loss
// larger than those seen. With weights of a Dirichlet distribution in place of the resamples' it
// would be the bound of Gaffke (2005; Learned-Miller and Thomas 2019), which equals that of Clopper
// and Pearson when all losses are 0 or s; for losses that can exceed s' there is no guarantee.
// docs/calibration.md has the coverage by simulation.
//
// Results are the same bits on any machine, except for the power in the bound of k = 0.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "eval/score/statistics/resamples.hpp"
#include "eval/score/statistics/statistics.hpp"

namespace edgeval {

// How two scores become a loss.
struct LossKind {
  bool less_is_better = true;  // as errors, unlike BLEU
  // The loss is a share of the dense network's score instead of points: (b - a) / a.
  bool relative = false;
};

// Returns what b loses against the dense score a, or nothing for a relative loss with a = 0.
std::optional<double> loss_between(double a, double b, LossKind kind);

// Returns the loss of each resample, [resamples]; NaN where a resample has no score. A relative
// loss with a dense score of 0 is the greatest double, or 0 if there is no loss either.
std::vector<double> resampled_losses(const Statistics& dense, const Statistics& point,
                                     const Score& score, LossKind kind, const Resamples& resamples);

// Returns for each utterance N times the loss in points, never relative, of the set in which the
// point's statistics replace the dense network's in this utterance alone: for WER 100 times the
// errors added over the mean number of words. They are 0 where nothing differs.
std::vector<double> utterance_losses(const Statistics& dense, const Statistics& point,
                                     const Score& score, bool less_is_better);

// Returns the sum of cubes over the sum of squares of the losses above 0, or 0 if there are none: a
// mean in which large losses weigh more. To second order, the percentile bootstrap is too low by
// (z^2 + 2) / 6 of it, 0.78 for C = 0.95 (from Hall 1992, chapter 3), as much as one utterance
// more of about this loss adds. So it is the s to hand to upper_bound, measured on a development
// set over all points.
double tail_loss(std::span<const double> losses);

// Returns the bound of k = 0: of the loss where none of so many items differs, with the confidence,
// if each that would differ lost `scale_of_one`, in the unit of that.
double none_differs_bound(Index items, double confidence, double scale_of_one);
// Returns the fewest items for which that bound is at most `budget`, which is above 0.
Index items_wanted(double budget, double confidence, double scale_of_one);

enum class BoundRule {
  kNoneDiffers,  // no utterance differs: the bound is that of k = 0
  kResamples,    // the quantile over the resamples
  kAtLeastNone,  // the quantile was below the bound of k = 0
  kLoss,         // the quantile was below the loss
};

struct LossBound {
  double loss = 0;
  double bound = 0;
  Index differing = 0;  // number of utterances whose statistics differ
  BoundRule rule = BoundRule::kNoneDiffers;
};

// Returns the upper bound of the loss with the confidence, in points, or as a share when the loss
// is relative; nothing when there is no score or, for a relative loss, the dense score is 0.
// `scale_of_one` is s in points, above 0, also when the loss is relative. The quantile is
// interpolated as percentile() does it.
std::optional<LossBound> upper_bound(const Statistics& dense, const Statistics& point,
                                     const Score& score, LossKind kind, const Resamples& resamples,
                                     double confidence, double scale_of_one);

}  // namespace edgeval
