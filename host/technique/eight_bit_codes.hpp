// The elements of dynamic precision at 8 bits under fp32 (docs/techniques.md, "Dynamic precision"):
// the whole numbers round(v / step) with step = alpha / 128, computed as v times the float nearest
// to 1 / step. The sums of the products stay whole numbers up to the pre-activation.
#pragma once

#include "host/numeric/rounding.hpp"
#include "host/technique/dynamic_precision.hpp"

namespace edgeval {

// Returns the step of an element of x, or of h, whose alpha is 1.
EDGEVAL_HD double eight_bit_step(const DynamicPrecision& choice, Source source) {
  return (source == Source::kInput ? choice.input_alpha : 1) / 128;
}

struct EightBitCodes {
  // Quantizes elements to codes from -128 to 127.
  static constexpr bool kIdentity = false;
  struct State {};
  float inverse_x, inverse_h;  // 1 / step, or 0 for a step of 0

  static EightBitCodes of(double step_x, double step_h) {
    return {inverse(step_x), inverse(step_h)};
  }
  EDGEVAL_HD float seen(float value, Source source) const {
    const float place = value * (source == Source::kInput ? inverse_x : inverse_h);
    return static_cast<float>(round_half_away(clamp(place, -128.0F, 127.0F)));
  }
  EDGEVAL_HD Operand next(float code, Source, State&) const { return {code, 1}; }

 private:
  static float inverse(double step) { return step == 0 ? 0 : nearest_float(1 / step); }
};

}  // namespace edgeval
