// The weights of second products. Some techniques evaluate a layer a second time, with other
// weights and other elements, and select one of the two sums for each neuron (docs/techniques.md,
// "Dynamic precision" and "Memoization"). Second products are of small integers and are summed
// exactly.
#pragma once

#include "host/engine/product/layer_arithmetic.hpp"
#include "host/layer/layer_policy.hpp"

namespace edgeval {

using SecondProducts = LayerProducts<FixedProduct<std::int32_t>>;

enum class WeightForm : std::uint8_t {
  kSignsOfFloats,   // +1 where a weight is 0 or more, else -1
  kSignsOf16Bits,   // signs of the weights in 16-bit fixed point
  kSignsOf8Bits,    // signs of the weights in 8-bit fixed point
  kAlpha8Bits,      // round(w / q8), q8 = weight_step
  kAlpha4Bits,      // round(w / (16 q8))
  kAlpha4BitsCut,   // upper four bits of kAlpha8Bits
  kInt8As4Bits,     // weights rounded to 4 bits, in steps of 16 steps of int8's fixed point
  kInt8As4BitsCut,  // upper four bits of the weights in 8-bit fixed point
  kInt16As8Bits,    // min(127, floor(w / 256 + 1/2)) of the weights in 16-bit fixed point
};

// Returns integers of at most 8 bits, with fraction_bits = 0. The caller has to know their scale.
FixedWeights weights_in_form(const Matrix<float>& weight, WeightForm form);

// Returns q8 = max |w| / 128, the 8-bit quantization step of a matrix under dynamic precision
// (docs/techniques.md, "Dynamic precision").
double weight_step(const Matrix<float>& weight);

// Returns the form of the weights in a policy's second product, or none where a policy needs none.
std::optional<WeightForm> second_form(const LayerPolicy& policy);

}  // namespace edgeval
