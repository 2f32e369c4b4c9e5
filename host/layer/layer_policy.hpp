// What a policy chooses for one layer.
#pragma once

#include "host/technique/arithmetic.hpp"
#include "host/technique/nonlinearity.hpp"
#include "host/technique/operand.hpp"
#include "host/technique/plan.hpp"

namespace edgeval {

// The choices for one layer, with every parameter known.
struct LayerPolicy {
  Plan plan;
  OperandChoice operand;
  Arithmetic arithmetic = Fp32{};
  Nonlinearity nonlinearity = Exact{};  // for the sigmoids and tanhs of recurrent layers
};

// Whether dynamic precision replaces the products of fp32 by 8-bit ones.
bool eight_bits_of_floats(const LayerPolicy& policy);

// Returns the plan if it has pseudo-skips, else null.
const SimilaritySkip* pseudo_skip(const LayerPolicy& policy);

}  // namespace edgeval
