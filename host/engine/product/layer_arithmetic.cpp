#include "host/engine/product/layer_arithmetic.hpp"

#include <cmath>
#include <cstdlib>

#include "host/core/error.hpp"

namespace edgeval {
namespace {

// The most bits by which sums may be shifted up. An exact sum of 16-bit numbers over at most 65,536
// inputs is below 2^47, so that the shifted sums of both products stay below 2^61.
constexpr int kLargestUp = 14;
constexpr int kLargestUpOfBytes = 29;

// Rounds value * 2^bits to the nearest integer, half away from zero, after clamping to +-2^61.
std::int64_t to_fixed(float value, int bits) {
  const double scaled = std::clamp(std::ldexp(static_cast<double>(value), bits), -0x1p61, 0x1p61);
  return static_cast<std::int64_t>(scaled + (scaled < 0 ? -0.5 : 0.5));
}

// Returns the fraction bits of h behind a projection. There |h| is at most the sum of the
// magnitudes of a row of the projection's weights.
int projected_bits(const Matrix<float>& weight_hr, int bits) {
  const FixedWeights weights = FixedWeights::of(weight_hr.view(), bits);
  std::int64_t largest = 1;  // largest sum of a row's magnitudes
  for (Index p = 0; p < weights.codes.rows(); ++p) {
    std::int64_t sum = 0;
    for (Index i = 0; i < weights.codes.cols(); ++i) sum += std::abs(weights.codes(p, i));
    largest = std::max(largest, sum);
  }
  // Start with one bit less than the sums have, so that rounding a sum always shifts it.
  int h_bits = weights.fraction_bits + bits - 2;
  while (std::ldexp(static_cast<double>(largest), h_bits - weights.fraction_bits) >
         static_cast<double>(highest_of(bits)))
    --h_bits;
  return h_bits;
}

}  // namespace

FixedScale FixedScale::of(int bits, const Product& input, const Product* recurrent,
                          const Matrix<float>& bias, int x_bits) {
  const int recurrent_sum_bits = recurrent != nullptr ? recurrent->sum_bits : input.sum_bits;
  FixedScale scale;
  scale.sum_bits = common_sum_bits(input.sum_bits, recurrent_sum_bits);
  scale.up_x = scale.sum_bits - input.sum_bits;
  scale.up_h = scale.sum_bits - recurrent_sum_bits;
  const int most = bits == 8 ? kLargestUpOfBytes : kLargestUp;
  EDGEVAL_EXPECTS(scale.up_x <= most && scale.up_h <= most, "int", bits,
                  ": the formats of a layer's products are 2^", std::max(scale.up_x, scale.up_h),
                  " apart, too far for exact sums in 64 bits; choose another input_bits than ",
                  x_bits);
  for (Index o = 0; o < bias.size(); ++o) {
    std::int64_t offset = input.offsets[o] * (std::int64_t{1} << scale.up_x);
    if (recurrent != nullptr) offset += recurrent->offsets[o] * (std::int64_t{1} << scale.up_h);
    scale.offset.push_back(offset);
    scale.bias.push_back(to_fixed(bias.data()[o], scale.sum_bits) + offset);
  }
  return scale;
}

void FixedConstants::add(const CellConstants& cells, int bits,
                         const std::vector<std::int64_t>& recurrent_offsets) {
  const auto rows = static_cast<Index>(scale.bias.size());
  const Index apart = rows - cells.recurrent_bias.size();  // first row whose U h has its own bias
  for (Index o = apart; o < rows; ++o) {
    const std::int64_t of_recurrent = recurrent_offsets[o] * (std::int64_t{1} << scale.up_h);
    scale.bias[o] -= of_recurrent;
    recurrent_bias.push_back(to_fixed(cells.recurrent_bias.data()[o - apart], scale.sum_bits) +
                             of_recurrent);
  }
  if (cells.diagonal.size() == 0) return;
  FixedWeights weights = FixedWeights::of(cells.diagonal.view(), bits);
  EDGEVAL_EXPECTS(weights.fraction_bits >= -15 && weights.fraction_bits <= 46, "int", bits,
                  ": the largest of a layer's diagonal weights needs ", weights.fraction_bits,
                  " fraction bits; -15 to 46 are possible");
  diagonal = std::move(weights.codes);
  diagonal_bits = weights.fraction_bits;
}

template <class SumT>
FixedLayer<SumT>::FixedLayer(const LayerProducts<FixedProduct<SumT>>& products, int x_bits,
                             int h_bits)
    : products_(products),
      x_bits_(x_bits),
      h_bits_(h_bits),
      constants_(FixedConstants::of(products, kBits, x_bits, h_bits)) {
  if (kBits == 8 && sums_fit(products, constants_, kBits))
    for (const std::int64_t bias : constants_.scale.bias)
      narrow_bias_.push_back(static_cast<std::uint32_t>(bias));
}

template <class SumT>
std::optional<NarrowNumbers> FixedLayer<SumT>::narrow_numbers() const {
  if constexpr (kBits == 8)
    if (!narrow_bias_.empty()) return NarrowNumbers{numbers(), narrow_bias_.data()};
  return std::nullopt;
}

int recurrent_bits(const RecurrentLayer& layer, std::size_t direction, int bits) {
  return layer.form.projection > 0 ? projected_bits(layer.weights[direction].weight_hr, bits)
                                   : bits - 1;
}

std::vector<CellConstants> cell_constants(const RecurrentLayer& layer) {
  std::vector<CellConstants> all;
  const Index cells = layer.cells;
  const CellBlocks blocks = layer.blocks();
  // The first row whose U h has its own bias.
  const Index apart = (blocks.gates - blocks.apart) * cells;
  for (const RecurrentWeights& weights : layer.weights) {
    CellConstants& constants = all.emplace_back();
    constants.projects = layer.form.projection > 0;
    constants.diagonal = weights.diagonal.clone();
    constants.bias = Matrix<float>(1, blocks.gates * cells);
    std::copy_n(weights.bias.data(), weights.bias.size(),
                constants.bias.data() + blocks.unbiased * cells);
    constants.recurrent_bias = Matrix<float>(1, blocks.apart * cells);
    for (Index o = 0; o < weights.bias_hh.size(); ++o) {
      if (o < apart)
        constants.bias.data()[o] += weights.bias_hh.data()[o];
      else
        constants.recurrent_bias.data()[o - apart] = weights.bias_hh.data()[o];
    }
  }
  return all;
}

std::vector<CellConstants> cell_constants(const LinearLayer& layer) {
  std::vector<CellConstants> all(1);
  all[0].bias = layer.bias.size() > 0 ? layer.bias.clone() : Matrix<float>(1, layer.width);
  return all;
}

template class FixedLayer<std::int32_t>;
template class FixedLayer<std::int64_t>;

}  // namespace edgeval
