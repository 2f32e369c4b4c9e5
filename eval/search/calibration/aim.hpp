// What a calibration aims at: the least cost within a budget of loss.
#pragma once

#include <string>

#include "eval/score/statistics/loss_bound.hpp"
#include "eval/search/block_run.hpp"
#include "hwmodel/accelerator.hpp"

namespace edgeval {

// Rounding of a loss, in the unit of the budget. One error among 10^10 words makes more.
inline constexpr double kLossRounding = 1e-9;

// How much may be lost against the dense network on the same utterances.
struct LossBudget {
  std::string metric;
  double most = 0;        // points of the metric, or percent of the dense network's score
  bool relative = false;  // in percent of that score

  // How losses are counted: in points, or as a share, of which percent() is the hundredfold.
  LossKind kind() const;
  // Returns a loss of this kind in the unit of `most`.
  double in_unit(double loss) const { return relative ? 100 * loss : loss; }
  // Returns the greatest number of errors within the budget, of a metric that counts errors, where
  // the dense network makes `dense` errors in `words`.
  double error_limit(double dense, double words) const;
};

enum class CostKind { kMacs, kRows, kEnergy, kSeconds };

// What is made small.
struct Least {
  CostKind kind = CostKind::kMacs;
  std::string accelerator{};  // name or file, for energy and seconds
};

// Reads macs, rows, energy:NAME or seconds:NAME. Throws Error for anything else.
Least parse_least(const std::string& text);

// Returns MACs executed, rows of a search, joules or seconds. `accelerator` is that of `least`, and
// null where it names none; it can price the activity.
double cost_of(const Least& least, const hw::Accelerator* accelerator, const PointTotal& total);

}  // namespace edgeval
