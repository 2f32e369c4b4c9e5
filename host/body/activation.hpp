// The rectifier of a linear layer, which is a clamp.
#pragma once

#include <limits>

namespace edgeval {

struct Activation {
  enum class Type { kNone, kRelu, kClippedRelu };
  Type type = Type::kNone;
  float limit = 0;  // upper limit of kClippedRelu
};

// The range to which an activation clamps.
struct ActivationRange {
  float low = -std::numeric_limits<float>::infinity();
  float high = std::numeric_limits<float>::infinity();
};

inline ActivationRange activation_range(const Activation& activation) {
  ActivationRange range;
  if (activation.type != Activation::Type::kNone) range.low = 0;
  if (activation.type == Activation::Type::kClippedRelu) range.high = activation.limit;
  return range;
}

}  // namespace edgeval
