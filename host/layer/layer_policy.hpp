// What a policy chooses for one layer, and which of its axes act on a kind of layer.
#pragma once

#include <vector>

#include "host/technique/arithmetic.hpp"
#include "host/technique/nonlinearity/nonlinearity.hpp"
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

// Whether both make the same choice on every axis (same_choice of host/technique/technique.hpp).
bool operator==(const LayerPolicy& a, const LayerPolicy& b);

// Returns numbers that are equal for equal policies only.
std::vector<double> policy_numbers(const LayerPolicy& policy);

// Where a policy's choices do not act on a kind of layer. A text says why, in words that follow the
// layer's name, and is null where the axis acts.
struct LayerAxes {
  const char* no_plan = nullptr;
  const char* no_nonlinearity = nullptr;
  // Whether the policy's general operand is meant for it. One that the policy names for the layer
  // itself is in any case (Refusals).
  bool general_operand = true;
};

// Returns the operand if it replaces the products of fp32 by 8-bit ones, else null.
const DynamicPrecision* eight_bits_of_floats(const LayerPolicy& policy);

// Returns the plan if it has pseudo-skips, else null.
const SimilaritySkip* pseudo_skip(const LayerPolicy& policy);

}  // namespace edgeval
