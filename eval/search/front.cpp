#include "eval/search/front.hpp"

#include <algorithm>
#include <tuple>

namespace edgeval {

std::vector<std::size_t> pareto_front(std::span<const CostAndError> points) {
  std::vector<std::size_t> order;
  for (std::size_t p = 0; p < points.size(); ++p)
    if (points[p].cost == points[p].cost && points[p].error == points[p].error) order.push_back(p);
  std::ranges::sort(order, {},
                    [&](std::size_t p) { return std::tuple(points[p].cost, points[p].error, p); });
  std::vector<std::size_t> front;
  for (const std::size_t p : order)
    if (front.empty() || points[p].error < points[front.back()].error) front.push_back(p);
  return front;
}

}  // namespace edgeval
