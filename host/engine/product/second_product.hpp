// Weights in other forms than the arithmetic's own. Some techniques evaluate a layer twice, with
// other weights and other elements, and take one of the two sums for each neuron
// (docs/techniques.md, "Dynamic precision" and "Memoization": a select). All such products are of
// small integers and summed exactly.
#pragma once

#include "host/engine/product/layer_arithmetic.hpp"
#include "host/layer/layer_policy.hpp"

namespace edgeval {

using SecondProducts = LayerProducts<FixedProduct<std::int32_t>>;

enum class WeightForm : std::uint8_t {
  kSignsOfFloats,  // +1 where a weight is 0 or more, else -1
  kSignsOf16Bits,  // of the weights in fixed point
  kSignsOf8Bits,
  kAlpha8Bits,     // round(w / q8), q8 = weight_step
  kAlpha4Bits,     // round(w / (16 q8))
  kAlpha4BitsCut,  // the upper four of the 8 bits
  kInt8As4Bits,    // the same from int8's fixed point
  kInt8As4BitsCut,
  kInt16As8Bits,  // min(127, floor(w / 256 + 1/2)) of the weights in 16-bit fixed point
};

// Integers in at most 8 bits; the scale is the user's affair.
FixedWeights weights_in_form(const Matrix<float>& weight, WeightForm form);

// q8 = max |w| / 128: the matrix's 8-bit quantization step under dynamic precision (techniques,
// "dynamic precision").
double weight_step(const Matrix<float>& weight);

// The weights of a policy's second product; none where there is no such product.
std::optional<WeightForm> second_form(const LayerPolicy& policy);

}  // namespace edgeval
