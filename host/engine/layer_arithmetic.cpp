#include "host/engine/layer_arithmetic.hpp"

#include <cmath>

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

template <class SumT>
FixedLayer<SumT>::FixedLayer(const LayerProducts<FixedProduct<SumT>>& products, int x_bits)
    : products_(products),
      x_bits_(x_bits),
      sum_bits_(common_sum_bits(input_sum_bits(), recurrent_sum_bits())) {
  const int up_x = sum_bits_ - input_sum_bits(), up_h = sum_bits_ - recurrent_sum_bits();
  const int most = kBits == 8 ? kLargestUpOfBytes : kLargestUp;
  EDGEVAL_EXPECTS(up_x <= most && up_h <= most, "int", kBits, ": the formats of a layer's products are 2^",
                  std::max(up_x, up_h), " apart, too far for exact sums in 64 bits; choose another input_bits than ",
                  x_bits);
  for (Index o = 0; o < products.bias->size(); ++o) {
    std::int64_t offset = products.input.offsets()[o] * (std::int64_t{1} << up_x);
    if (products.recurrent) offset += products.recurrent->offsets()[o] * (std::int64_t{1} << up_h);
    offset_.push_back(offset);
    bias_.push_back(to_fixed(products.bias->data()[o], sum_bits_) + offset);
  }
}

template <class SumT>
FixedNumbers<SumT> FixedLayer<SumT>::numbers() const {
  return {.bias = bias_.data(),
          .offset = offset_.data(),
          .up_x = sum_bits_ - input_sum_bits(),
          .up_h = sum_bits_ - recurrent_sum_bits(),
          .sum_bits = sum_bits_,
          .inverse = power_of_two(-sum_bits_),
          .h_bits = kRecurrentBits,
          .h_inverse = static_cast<float>(power_of_two(-kRecurrentBits)),
          .tables = activation_tables()};
}

template class FixedLayer<std::int32_t>;
template class FixedLayer<std::int64_t>;

}  // namespace edgeval
