#include "eval/task/session.hpp"

#include <algorithm>
#include <map>

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

std::vector<std::vector<Index>> by_weights(std::span<const Point> points) {
  std::vector<std::vector<Index>> parts;
  std::map<std::vector<double>, std::size_t> known;
  for (std::size_t p = 0; p < points.size(); ++p) {
    const auto [part, is_new] = known.try_emplace(choice_numbers(points[p].weights), parts.size());
    if (is_new) parts.emplace_back();
    parts[part->second].push_back(static_cast<Index>(p));
  }
  return parts;
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
