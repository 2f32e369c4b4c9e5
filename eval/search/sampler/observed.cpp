#include "eval/search/sampler/observed.hpp"

#include <algorithm>
#include <cmath>
#include <tuple>

#include "host/core/error.hpp"

namespace edgeval {

bool is_better(const Observed& a, const Observed& b) {
  if (a.is_within_budget() != b.is_within_budget()) return a.is_within_budget();
  if (a.is_within_budget() && a.cost != b.cost) return a.cost < b.cost;
  return std::tie(a.violation, a.at) < std::tie(b.violation, b.at);
}

void expect_known(const Observed& point, std::size_t dimensions) {
  EDGEVAL_ASSERT(point.at.size() == dimensions);
  EDGEVAL_ASSERT(std::ranges::all_of(point.at, [](double u) { return u >= 0 && u < 1; }));
  EDGEVAL_ASSERT(!std::isnan(point.violation));
  EDGEVAL_ASSERT(!point.is_within_budget() || !std::isnan(point.cost));
}

}  // namespace edgeval
