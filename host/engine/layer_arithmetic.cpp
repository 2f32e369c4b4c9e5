#include "host/engine/layer_arithmetic.hpp"

#include <cmath>
#include <cstdlib>

#include "host/core/error.hpp"

namespace edgeval {
namespace {

// Both products of exact sums, below 2^47 for 16 bits and 65,536 inputs, stay below 2^61 with this.
constexpr int kLargestUp = 14;
constexpr int kLargestUpOfBytes = 29;

// Nearest, half away from zero, within +-2^61.
std::int64_t to_fixed(float value, int bits) {
  const double scaled = std::clamp(std::ldexp(static_cast<double>(value), bits), -0x1p61, 0x1p61);
  return static_cast<std::int64_t>(scaled + (scaled < 0 ? -0.5 : 0.5));
}

}  // namespace

FixedScale FixedScale::of(int bits, const Product& input, const Product* recurrent, const Matrix<float>& bias,
                          int x_bits) {
  const int recurrent_sum_bits = recurrent != nullptr ? recurrent->sum_bits : input.sum_bits;
  FixedScale scale;
  scale.sum_bits = common_sum_bits(input.sum_bits, recurrent_sum_bits);
  scale.up_x = scale.sum_bits - input.sum_bits;
  scale.up_h = scale.sum_bits - recurrent_sum_bits;
  const int most = bits == 8 ? kLargestUpOfBytes : kLargestUp;
  EDGEVAL_EXPECTS(scale.up_x <= most && scale.up_h <= most, "int", bits, ": the formats of a layer's products are 2^",
                  std::max(scale.up_x, scale.up_h),
                  " apart, too far for exact sums in 64 bits; choose another input_bits than ", x_bits);
  for (Index o = 0; o < bias.size(); ++o) {
    std::int64_t offset = input.offsets[o] * (std::int64_t{1} << scale.up_x);
    if (recurrent != nullptr) offset += recurrent->offsets[o] * (std::int64_t{1} << scale.up_h);
    scale.offset.push_back(offset);
    scale.bias.push_back(to_fixed(bias.data()[o], scale.sum_bits) + offset);
  }
  return scale;
}

template <class SumT>
FixedLayer<SumT>::FixedLayer(const LayerProducts<FixedProduct<SumT>>& products, int x_bits)
    : products_(products), x_bits_(x_bits), scale_(fixed_scale(products, kBits, x_bits)) {
  std::int64_t largest = 0;  // of the sums that any input can make
  for (Index o = 0; o < products.bias->size(); ++o) {
    std::int64_t products_sum = products.input.magnitudes()[o] << scale_.up_x;
    if (products.recurrent) products_sum += products.recurrent->magnitudes()[o] << scale_.up_h;
    const std::int64_t bias = scale_.bias[o] - scale_.offset[o];
    largest = std::max(largest, std::abs(bias) + products_sum * -lowest_of(kBits));
  }
  const std::int64_t half = std::int64_t{1} << (scale_.sum_bits - kStateBits - 1);
  if (kBits == 8 && largest < (std::int64_t{1} << 31) - half)
    for (const std::int64_t bias : scale_.bias) narrow_bias_.push_back(static_cast<std::uint32_t>(bias));
}

template <class SumT>
std::optional<NarrowNumbers> FixedLayer<SumT>::narrow_numbers() const
  requires(kBits == 8)
{
  if (narrow_bias_.empty()) return std::nullopt;
  return NarrowNumbers{numbers(), narrow_bias_.data()};
}

template class FixedLayer<std::int32_t>;
template class FixedLayer<std::int64_t>;

}  // namespace edgeval
