// Pareto fronts: the points of a sweep that no other point beats.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace edgeval {

// What a point costs and how far it is from right; less is better in both.
struct CostAndError {
  double cost = 0, error = 0;
};

// Returns the places of the points of the front, the cheapest first: those for which no other has a
// lower cost at an error as low, or a lower error at a cost as low. Of equal ones the first is on
// the front. A point with a NaN is on no front.
std::vector<std::size_t> pareto_front(std::span<const CostAndError> points);

}  // namespace edgeval
