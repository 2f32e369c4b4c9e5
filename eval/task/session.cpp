#include "eval/task/session.hpp"

#include <algorithm>

namespace edgeval {

bool is_reference(const Point& point) {
  return is_neutral(point.weights) && is_dense(point.layers) &&
         (!point.search || is_neutral(point.search->beam));
}

Point reference_of(const Model& network, const Point& point) {
  Point reference{Neutral<Weights>{}, dense_point(network), point.search};
  if (reference.search)
    reference.search->beam = Neutral<Beam>{static_cast<double>(widest_of(point.search->beam))};
  return reference;
}

std::vector<std::span<const Point>> by_weights(std::span<const Point> points) {
  std::vector<std::span<const Point>> cut;
  while (!points.empty()) {
    const auto other = std::ranges::find_if(points, [&](const Point& point) {
      return !same_choice(point.weights, points.front().weights);
    });
    cut.push_back(points.first(static_cast<std::size_t>(other - points.begin())));
    points = points.subspan(cut.back().size());
  }
  return cut;
}

std::vector<std::string> PointResult::hypotheses() const {
  std::vector<std::string> best;
  for (const Outcome& outcome : items) best.push_back(outcome.texts.front());
  return best;
}

Activity PointResult::total() const {
  Activity total;
  for (const Outcome& outcome : items)
    if (!outcome.activity.layers.empty()) total += outcome.activity;
  return total;
}

std::optional<SearchCounts> PointResult::search() const {
  if (!point.search) return std::nullopt;
  SearchCounts counts;
  for (const Outcome& outcome : items) counts += outcome.search->counts;
  return counts;
}

CutOff PointResult::cut_off() const {
  CutOff cut;
  for (const Outcome& outcome : items) {
    if (!outcome.search || outcome.search->counts.steps == 0) continue;
    ++cut.of;
    cut.items += !outcome.search->best.front().ended;
  }
  return cut;
}

}  // namespace edgeval
