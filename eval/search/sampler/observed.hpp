// What is known of a point that a search has tried.
#pragma once

#include <functional>
#include <span>

#include "eval/search/dimension.hpp"

namespace edgeval {

struct Observed {
  Coordinates at;
  // To be made small. It may be no number where violation > 0.
  double cost = 0;
  // At most 0 for a point within the budget, else by how much it exceeds the budget. It is an
  // estimate for a point that was dropped early.
  double violation = 0;

  bool is_within_budget() const { return violation <= 0; }
};

// Returns whether `a` is better than `b`: points within the budget come first, in the order of
// their costs, then those that exceed it, in the order of their violations (Deb 2000). Of equal
// costs the lesser violation is better, and then the lesser coordinates, so that the order depends
// on the points alone.
bool is_better(const Observed& a, const Observed& b);

// Throws std::logic_error unless the point has `dimensions` coordinates in [0, 1), a violation that
// is a number, and, within the budget, a cost that is one.
void expect_known(const Observed& point, std::size_t dimensions);

// Returns whether a point may run: false where the rules of policies refuse it, or where an equal
// point ran before.
using Accepts = std::function<bool(const Coordinates&)>;

}  // namespace edgeval
