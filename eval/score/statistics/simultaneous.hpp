// Confidence intervals for the losses of many points against one dense network that hold all at
// once: the single-step max-T method (Westfall and Young 1993, section 2.3; as intervals, Hothorn,
// Bretz and Westfall 2008) over the resamples that all points share. With the loss l_j of point j,
// its loss L_jr in resample r and the standard deviation e_j of L_jr over r:
//
//   interval      l_j -/+ c e_j, where c is the quantile C over r of max_j |L_jr - l_j| / e_j
//   upper bound   l_j + c' e_j, where c' is the quantile C over r of max_j (l_j - L_jr) / e_j
//
// A point whose resamples all have the same loss, as one that differs nowhere, has e_j = 0. It
// enters no maximum and has no interval, since one of no width would claim certainty; upper_bound
// (loss_bound.hpp) has a bound for it. Where few utterances differ, the distribution is so skewed
// that these bounds are too low, and upper_bound is the better one for a single point.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "eval/score/statistics/bootstrap.hpp"

namespace edgeval {

// The points are added one after the other. Memory is two numbers per resample and per point.
class SimultaneousLosses {
 public:
  explicit SimultaneousLosses(int resamples);

  // Adds a point with its loss and its loss in each resample, as resampled_losses returns it. NaN
  // there leaves the resample out for this point.
  void add(double loss, std::span<const double> resampled);

  std::size_t size() const { return points_.size(); }
  double loss(std::size_t point) const { return points_[point].loss; }
  // Returns the standard error e_j, the root of the mean square with divisor n - 1.
  double error(std::size_t point) const { return points_[point].error; }

  // Return c and c' for all points added so far, or 0 if none has spread.
  double two_sided_quantile(double confidence) const;
  double upper_quantile(double confidence) const;

  // Return for each point its interval and its upper bound, or nothing for one without spread.
  std::vector<std::optional<Interval>> intervals(double confidence) const;
  std::vector<std::optional<double>> upper_bounds(double confidence) const;

 private:
  struct Point {
    double loss, error;
  };
  std::vector<double> either_, below_;  // [resamples], the maxima over the points so far
  std::vector<Point> points_;
  bool any_spread_ = false;
};

}  // namespace edgeval
