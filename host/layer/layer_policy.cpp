#include "host/layer/layer_policy.hpp"

#include <vector>

namespace edgeval {
namespace {

template <class Axis>
bool same_choice(const Axis& a, const Axis& b) {
  const auto parameters = [](const Axis& choice) {
    std::vector<double> values;
    const auto take = [&](const char*, const auto& value, const auto&...) {
      values.push_back(static_cast<double>(value));
    };
    std::visit([&](const auto& technique) { technique.fields(technique, take); }, choice);
    return values;
  };
  return a.index() == b.index() && parameters(a) == parameters(b);
}

}  // namespace

bool operator==(const LayerPolicy& a, const LayerPolicy& b) {
  return same_choice(a.plan, b.plan) && same_choice(a.operand, b.operand) &&
         same_choice(a.arithmetic, b.arithmetic) && same_choice(a.nonlinearity, b.nonlinearity);
}

bool eight_bits_of_floats(const LayerPolicy& policy) {
  return std::holds_alternative<Fp32>(policy.arithmetic) &&
         std::visit(
             []<class Technique>(const Technique&) { return eight_bits_of_floats<Technique>(); },
             policy.operand);
}

const SimilaritySkip* pseudo_skip(const LayerPolicy& policy) {
  const auto* skip = std::get_if<SimilaritySkip>(&policy.plan);
  return skip != nullptr && skip->has_pseudo() ? skip : nullptr;
}

}  // namespace edgeval
