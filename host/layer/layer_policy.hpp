// What a policy chooses for one layer.
#pragma once

#include "host/technique/arithmetic.hpp"
#include "host/technique/nonlinearity.hpp"
#include "host/technique/operand.hpp"
#include "host/technique/plan.hpp"

namespace edgeval {

// The choices of one layer, every parameter known.
struct LayerPolicy {
  Plan plan;
  OperandChoice operand;
  Arithmetic arithmetic = Fp32{};
  Nonlinearity nonlinearity = Exact{};  // of the sigmoids and tanhs of recurrent layers
};

// Whether dynamic precision replaces fp32's products by some of 8 bits.
bool eight_bits_of_floats(const LayerPolicy& policy);

// The plan, if it has pseudo-skips.
const SimilaritySkip* pseudo_skip(const LayerPolicy& policy);

}  // namespace edgeval
