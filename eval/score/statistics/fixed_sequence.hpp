// Tests hypotheses in an order that was fixed beforehand, each at the full level, up to the first
// that is not rejected: fixed-sequence testing, which makes any false rejection no likelier than
// the level (Maurer, Hothorn and Lehmacher 1995). The hypothesis of a point is "its loss exceeds
// the budget", and it is rejected when an upper confidence bound of the loss is within the budget
// (Learn then Test, Angelopoulos et al. 2021; Pareto Testing, Laufer-Goldshtein et al. 2023).
#pragma once

#include <cstddef>
#include <span>

namespace edgeval {

struct FixedSequence {
  std::size_t tested = 0;  // the first that fails was tested, those after it were not
  std::size_t passed = 0;  // the first so many points pass
};

// Whether an upper bound of a loss is within the budget. A relative budget is a share.
inline bool within_budget(double bound, double budget) {
  constexpr double kRounding = 1e-9;  // in doubles 12.7 - 12.2 is not quite 0.5
  return bound <= budget + kRounding;
}

// Tests the points in the order of the bounds.
inline FixedSequence test_in_order(std::span<const double> bounds, double budget) {
  FixedSequence sequence;
  while (sequence.tested < bounds.size()) {
    ++sequence.tested;
    if (!within_budget(bounds[sequence.passed], budget)) break;
    ++sequence.passed;
  }
  return sequence;
}

}  // namespace edgeval
