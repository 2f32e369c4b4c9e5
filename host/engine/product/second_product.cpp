#include "host/engine/product/second_product.hpp"

#include <cmath>

namespace edgeval {
namespace {

// Rounds place(weight) to the nearest integer, half away from zero, and saturates it to `bits`
// bits.
template <class Place>
Matrix<std::int32_t> rounded(const Matrix<float>& weight, Place place, int bits) {
  Matrix<std::int32_t> codes(weight.rows(), weight.cols());
  for (Index i = 0; i < weight.size(); ++i)
    codes.data()[i] = static_cast<std::int32_t>(
        saturate(Grid::nearest(place(static_cast<double>(weight.data()[i]))), bits));
  return codes;
}

template <class Value, class Code>
Matrix<std::int32_t> each(const Matrix<Value>& values, Code code) {
  Matrix<std::int32_t> codes(values.rows(), values.cols());
  for (Index i = 0; i < values.size(); ++i) codes.data()[i] = code(values.data()[i]);
  return codes;
}

Matrix<std::int32_t> codes_in_form(const Matrix<float>& weight, WeightForm form) {
  const auto sign = [](auto value) { return value >= 0 ? 1 : -1; };
  const auto upper_four = [](std::int32_t code) { return code >> 4; };
  const double alpha_step = weight_step(weight);
  const auto by_alpha = [&](double times) {
    return [=](double value) { return alpha_step == 0 ? 0 : value / (alpha_step * times); };
  };
  const auto by_int8 = [](double scale) { return [=](double value) { return value * scale; }; };
  switch (form) {
    case WeightForm::kSignsOfFloats:
      return each(weight, sign);
    case WeightForm::kSignsOf16Bits:
      return each(FixedWeights::of(weight.view(), 16).codes, sign);
    case WeightForm::kSignsOf8Bits:
      return each(FixedWeights::of(weight.view(), 8).codes, sign);
    case WeightForm::kAlpha8Bits:
      return rounded(weight, by_alpha(1), 8);
    case WeightForm::kAlpha4Bits:
      return rounded(weight, by_alpha(16), 4);
    case WeightForm::kAlpha4BitsCut:
      return each(rounded(weight, by_alpha(1), 8), upper_four);
    case WeightForm::kInt8As4BitsCut:
      return each(FixedWeights::of(weight.view(), 8).codes, upper_four);
    case WeightForm::kInt16As8Bits:
      return each(FixedWeights::of(weight.view(), 16).codes,
                  [](std::int32_t code) { return std::min(127, (code + 128) >> 8); });
    case WeightForm::kInt8As4Bits:
      break;
  }
  const int bits = FixedWeights::of(weight.view(), 8).fraction_bits;
  return rounded(weight, by_int8(power_of_two(bits - 4)), 4);
}

// Return the form of the weights in an operand's second product under an arithmetic of so many
// bits, or none where it makes no second product.
template <class Technique>
std::optional<WeightForm> form_for(const Technique&, int /*bits*/) {
  static_assert(!selects<Technique>(), "an operand that selects says here which weights it needs");
  return std::nullopt;
}
std::optional<WeightForm> form_for(const Memoized& memoized, int bits) {
  if (memoized.predictor == MemoPredictor::kOracle) return std::nullopt;
  return bits == 32 ? WeightForm::kSignsOfFloats
                    : (bits == 16 ? WeightForm::kSignsOf16Bits : WeightForm::kSignsOf8Bits);
}
std::optional<WeightForm> form_for(const DynamicPrecision& precision, int bits) {
  if (precision.offset_bit == Switch::kOn)
    return bits == 32 ? WeightForm::kAlpha4Bits : WeightForm::kInt8As4Bits;
  return bits == 32 ? WeightForm::kAlpha4BitsCut : WeightForm::kInt8As4BitsCut;
}

}  // namespace

FixedWeights weights_in_form(const Matrix<float>& weight, WeightForm form) {
  return {codes_in_form(weight, form), 0};
}

double weight_step(const Matrix<float>& weight) {
  double largest = 0;
  for (float value : weight.values())
    largest = std::max(largest, std::abs(static_cast<double>(value)));
  return largest / 128;
}

std::optional<WeightForm> second_form(const LayerPolicy& policy) {
  if (pseudo_skip(policy) != nullptr) return WeightForm::kInt16As8Bits;
  const auto bits =
      std::visit([](const auto& arithmetic) { return arithmetic.kBits; }, policy.arithmetic);
  return std::visit([&](const auto& operand) { return form_for(operand, bits); }, policy.operand);
}

}  // namespace edgeval
