#include "host/layer/layer_policy.hpp"

namespace edgeval {

bool eight_bits_of_floats(const LayerPolicy& policy) {
  return std::holds_alternative<DynamicPrecision>(policy.operand) &&
         std::holds_alternative<Fp32>(policy.arithmetic);
}

const SimilaritySkip* pseudo_skip(const LayerPolicy& policy) {
  const auto* skip = std::get_if<SimilaritySkip>(&policy.plan);
  return skip != nullptr && skip->has_pseudo() ? skip : nullptr;
}

}  // namespace edgeval
