#include "host/layer/layer_policy.hpp"

namespace edgeval {

bool operator==(const LayerPolicy& a, const LayerPolicy& b) {
  return same_choice(a.plan, b.plan) && same_choice(a.operand, b.operand) &&
         same_choice(a.arithmetic, b.arithmetic) && same_choice(a.nonlinearity, b.nonlinearity);
}

std::vector<double> policy_numbers(const LayerPolicy& policy) {
  std::vector<double> numbers = choice_numbers(policy.plan);
  for (const std::vector<double>& axis :
       {choice_numbers(policy.operand), choice_numbers(policy.arithmetic),
        choice_numbers(policy.nonlinearity)})
    numbers.insert(numbers.end(), axis.begin(), axis.end());
  return numbers;
}

const DynamicPrecision* eight_bits_of_floats(const LayerPolicy& policy) {
  if (!std::holds_alternative<Fp32>(policy.arithmetic)) return nullptr;
  const auto found = []<class Technique>(const Technique& operand) -> const DynamicPrecision* {
    if constexpr (eight_bits_of_floats<Technique>())
      return &operand;
    else
      return nullptr;
  };
  return std::visit(found, policy.operand);
}

const SimilaritySkip* pseudo_skip(const LayerPolicy& policy) {
  const auto* skip = std::get_if<SimilaritySkip>(&policy.plan);
  return skip != nullptr && skip->has_pseudo() ? skip : nullptr;
}

}  // namespace edgeval
