#include "host/engine/shared_layers.hpp"

#include <map>

namespace edgeval {

LayerChoices::LayerChoices(std::span<const OperatingPoint> points, std::size_t layers) {
  for (std::size_t layer = 0; layer < layers; ++layer) {
    std::map<std::vector<double>, Index> known;
    std::vector<Index>& of_points = numbers_.emplace_back();
    for (const OperatingPoint& point : points)
      of_points.push_back(
          known.try_emplace(policy_numbers(point.layers[layer]), std::ssize(known)).first->second);
  }
}

std::vector<std::vector<Index>> LayerChoices::parts(std::span<const Index> points,
                                                    std::size_t layer) const {
  std::vector<std::vector<Index>> parts;
  std::map<Index, std::size_t> part_of;  // by the number of the choice
  for (const Index point : points) {
    const Index choice = numbers_[layer][static_cast<std::size_t>(point)];
    const auto [part, is_new] = part_of.try_emplace(choice, parts.size());
    if (is_new) parts.emplace_back();
    parts[part->second].push_back(point);
  }
  return parts;
}

std::vector<std::vector<Index>> parts_by_beam(std::span<const OperatingPoint> points,
                                              std::span<const Index> chosen) {
  std::map<std::vector<double>, std::vector<Index>> parts;
  for (const Index point : chosen) {
    const std::optional<Beam>& beam = points[static_cast<std::size_t>(point)].beam;
    parts[beam ? choice_numbers(*beam) : std::vector<double>()].push_back(point);
  }
  std::vector<std::vector<Index>> all;
  for (auto& [beam, numbers] : parts) all.push_back(std::move(numbers));
  return all;
}

std::vector<double> launch_numbers(const LayerPolicy& policy) {
  std::vector<double> numbers = choice_numbers(policy.arithmetic);
  const auto add = [&](const std::vector<double>& more) {
    numbers.insert(numbers.end(), more.begin(), more.end());
  };
  add(choice_numbers(policy.nonlinearity));
  const bool selecting = std::visit(
      []<class Technique>(const Technique&) { return selects<Technique>(); }, policy.operand);
  const SimilaritySkip* pseudo = pseudo_skip(policy);
  if (selecting || pseudo != nullptr)
    add(choice_numbers(policy.operand));
  else
    numbers.push_back(static_cast<double>(policy.operand.index()));
  if (pseudo != nullptr) add({1, pseudo->pseudo_clip, pseudo->delta_scale});
  return numbers;
}

}  // namespace edgeval
