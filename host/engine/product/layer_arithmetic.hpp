// The products and numbers of a layer under one arithmetic, ready for a run. The loops of the
// engine are templates over these classes, which have
//   Choice                               the choice of the arithmetic axis under which they run
//   multiply_input, multiply_recurrent   rows of operands -> sums
//   numbers()                            sums -> pre-activations -> cells
//   rule(operand)                        the rule of an operand on values of this arithmetic
#pragma once

#include <cmath>
#include <cstdlib>
#include <optional>
#include <vector>

#include "host/body/numbers.hpp"
#include "host/engine/product/fixed_product.hpp"
#include "host/layer/layer.hpp"
#include "host/technique/arithmetic.hpp"
#include "host/technique/eight_bit_codes.hpp"
#include "host/technique/on_grid.hpp"

namespace edgeval {

// What the cells of a layer add to the products, in fp32. A matrix is empty where the cells have no
// such numbers.
struct CellConstants {
  // [1, G O], to which `bias` of the products points. It is the sum of the biases of W x and U h
  // where nothing comes between the two.
  Matrix<float> bias;
  Matrix<float> recurrent_bias;  // [1, H], bias of the candidate of a GRU that resets U h
  Matrix<float> diagonal;        // [3, H] or [2, H], weights that multiply c
  bool projects = false;         // whether the product `after` is the projection of an LSTM
};

// Returns the constants of each direction.
std::vector<CellConstants> cell_constants(const RecurrentLayer& layer);
// Returns one set of constants, with zeros for a bias that the layer does not have.
std::vector<CellConstants> cell_constants(const LinearLayer& layer);

// The weights of a layer, packed once for an arithmetic. A linear layer has no recurrent product.
template <class Product>
struct LayerProducts {
  Product input;  // [G O, C]
  // [G O, R]. A GRU that resets before the product has only the rows of r and z here, [2 H, H].
  std::optional<Product> recurrent;
  const Matrix<float>* bias;  // [1, G O]
  // The product that follows within a step: a projection, [P, H], or the rows of n in U, [H, H],
  // where a GRU resets before the product.
  std::optional<Product> after = {};
  const CellConstants* constants = nullptr;  // null for a plain LSTM or linear layer
};

// Returns the fraction bits of h in integers of `bits` bits. These are all bits but the sign, since
// h lies in (-1, 1); behind a projection, the most with which no h can saturate, whatever values
// the cells give.
int recurrent_bits(const RecurrentLayer& layer, std::size_t direction, int bits);
inline int recurrent_bits(const LinearLayer&, std::size_t /*direction*/, int bits) {
  return bits - 1;
}

class FloatLayer {
 public:
  using Choice = Fp32;
  using Numbers = FloatNumbers;
  static constexpr bool kHasAfter = true;  // whether products may follow within a step

  explicit FloatLayer(const LayerProducts<DenseProduct>& products) : products_(products) {}

  void multiply_input(const float* x, Index rows, float* y) const { products_.input(x, rows, y); }
  void multiply_recurrent(const float* h, Index rows, float* y) const {
    (*products_.recurrent)(h, rows, y);
  }
  void multiply_after(const float* values, Index rows, float* y) const {
    (*products_.after)(values, rows, y);
  }
  Numbers numbers() const {
    if (products_.constants == nullptr) return {products_.bias->data()};
    return {products_.bias->data(), products_.constants->recurrent_bias.data(),
            products_.constants->diagonal.data()};
  }
  template <class Technique>
  auto rule(const Technique& operand) const {
    return operand.rule();
  }

 private:
  const LayerProducts<DenseProduct>& products_;
};

// Returns the fraction bits with which the sums of both products and the bias are added: as many as
// the finer of the two products has, and at least one more than z has.
constexpr int common_sum_bits(int input_sum_bits, int recurrent_sum_bits) {
  return std::max({input_sum_bits, recurrent_sum_bits, kStateBits + 1});
}

// The scale on which the exact sums of a layer's products are added: each product's sums are
// shifted up to the same number of fraction bits, which the bias has, too.
struct FixedScale {
  struct Product {
    int sum_bits;                              // fraction bits of the product's sums
    const std::vector<std::int64_t>& offsets;  // [O], to be added to every sum
  };

  // The fraction bits of the scale, and the bits by which the sums of W x and U h are shifted up.
  int sum_bits, up_x, up_h;
  std::vector<std::int64_t> bias;    // [O], on this scale, with the offsets of the products
  std::vector<std::int64_t> offset;  // [O], on this scale, the offsets of the products alone

  // `bits` is the width of x, and `recurrent` is null for a linear layer. Throws Error when the
  // formats of the products are too far apart for exact sums in 64 bits.
  static FixedScale of(int bits, const Product& input, const Product* recurrent,
                       const Matrix<float>& bias, int x_bits);

  // Returns numbers that point into this object, in host memory.
  template <class SumT>
  FixedNumbers<SumT> numbers(int h_bits) const {
    return {.bias = bias.data(),
            .offset = offset.data(),
            .up_x = up_x,
            .up_h = up_h,
            .sum_bits = sum_bits,
            .inverse = static_cast<float>(power_of_two(-sum_bits)),
            .h_bits = h_bits,
            .h_inverse = static_cast<float>(power_of_two(-h_bits)),
            .tables = activation_tables()};
  }
};

// Returns the offsets of all rows of U, which may be spread over the products `recurrent` and
// `after`.
template <class Product>
std::vector<std::int64_t> recurrent_offsets(const LayerProducts<Product>& products) {
  std::vector<std::int64_t> offsets;
  if (products.recurrent) offsets = products.recurrent->offsets();
  if (products.after && static_cast<Index>(offsets.size()) < products.bias->size())
    offsets.insert(offsets.end(), products.after->offsets().begin(),
                   products.after->offsets().end());
  return offsets;
}

// The constants with which cells take the exact sums of a layer's products: one scale, and the
// constants that cells other than plain LSTM cells have.
struct FixedConstants {
  FixedScale scale;
  std::vector<std::int64_t> recurrent_bias = {};  // [H]
  Matrix<std::int32_t> diagonal = {};
  int diagonal_bits = 0;
  std::vector<std::int64_t> projection_offset = {};  // [P]
  int projection_shift = 1, projection_bits = 0;
  Grid x_grid{};

  // `x_bits` and `h_bits` are the fraction bits of the layer's input and of its recurrent input.
  template <class Product>
  static FixedConstants of(const LayerProducts<Product>& products, int bits, int x_bits,
                           int h_bits) {
    const std::vector<std::int64_t> u = recurrent_offsets(products);
    const FixedScale::Product input{products.input.weight_bits() + x_bits,
                                    products.input.offsets()};
    const FixedScale::Product recurrent{
        products.recurrent ? products.recurrent->weight_bits() + h_bits : 0, u};
    FixedConstants constants{
        .scale = FixedScale::of(bits, input, products.recurrent ? &recurrent : nullptr,
                                *products.bias, x_bits),
        .x_grid = Grid::of(x_bits, bits)};
    if (products.constants == nullptr) return constants;
    constants.add(*products.constants, bits, u);
    if (!products.constants->projects) return constants;
    constants.projection_offset = products.after->offsets();
    constants.projection_shift = products.after->weight_bits() + bits - 1 - h_bits;
    constants.projection_bits = h_bits;
    return constants;
  }

  // Returns numbers that point into this object, in host memory.
  template <class SumT>
  FixedNumbers<SumT> numbers(int bits) const {
    FixedNumbers<SumT> numbers = scale.template numbers<SumT>(bits - 1);
    numbers.recurrent_bias = recurrent_bias.data();
    numbers.diagonal = diagonal.data();
    numbers.diagonal_bits = diagonal_bits;
    numbers.projection_offset = projection_offset.data();
    numbers.projection_shift = projection_shift;
    numbers.projection_inverse = static_cast<float>(power_of_two(-projection_bits));
    numbers.x_grid = x_grid;
    return numbers;
  }

 private:
  // `recurrent_offsets` has an offset for each row of U.
  void add(const CellConstants& cells, int bits,
           const std::vector<std::int64_t>& recurrent_offsets);
};

// Returns the greatest magnitude that W x + U h + b can have, in units of 2^-sum_bits, whatever x
// and h of `bits` bits enter. Leaves out the rows for which a cell keeps W x and U h apart.
template <class Product>
std::int64_t largest_sum(const LayerProducts<Product>& products, const FixedConstants& constants,
                         int bits) {
  const FixedScale& scale = constants.scale;
  const auto recurrent_magnitude = [&](Index o) -> std::int64_t {
    if (!products.recurrent) return 0;
    const std::vector<std::int64_t>& u = products.recurrent->magnitudes();
    const auto rows = static_cast<Index>(u.size());
    return o < rows ? u[o] : products.after->magnitudes()[o - rows];
  };
  std::int64_t largest = 0;
  for (Index o = 0; o < products.bias->size() - static_cast<Index>(constants.recurrent_bias.size());
       ++o) {
    const std::int64_t products_sum =
        (products.input.magnitudes()[o] << scale.up_x) + (recurrent_magnitude(o) << scale.up_h);
    const std::int64_t bias = scale.bias[o] - scale.offset[o];
    largest = std::max(largest, std::abs(bias) + products_sum * -lowest_of(bits));
  }
  return largest;
}

// Whether no pre-activation can exceed 32 bits. For 8 bits, the sums must also fit into 32 bits
// before they are rounded to pre-activations.
template <class Product>
bool sums_fit(const LayerProducts<Product>& products, const FixedConstants& constants, int bits) {
  const int shift = constants.scale.sum_bits - kStateBits;
  const std::int64_t half = std::int64_t{1} << (shift - 1);
  const std::int64_t largest = largest_sum(products, constants, bits) + half;
  return (bits == 8 ? largest : largest >> shift) < std::int64_t{1} << 31;
}

template <class SumT>
class FixedLayer {
 public:
  using Numbers = FixedNumbers<SumT>;
  static constexpr bool kHasAfter = true;
  static constexpr int kBits = FixedProduct<SumT>::kBits;
  using Choice = Integer<kBits>;
  static constexpr int kRecurrentBits = Choice::kRecurrentBits;

  // `x_bits` and `h_bits` are the fraction bits of the layer's input and of its recurrent input.
  FixedLayer(const LayerProducts<FixedProduct<SumT>>& products, int x_bits,
             int h_bits = kRecurrentBits);

  void multiply_input(const float* x, Index rows, SumT* y) const {
    products_.input(x, x_bits_, rows, y);
  }
  void multiply_recurrent(const float* h, Index rows, SumT* y) const {
    (*products_.recurrent)(h, h_bits_, rows, y);
  }
  void multiply_after(const float* values, Index rows, SumT* y) const {
    (*products_.after)(values, kRecurrentBits, rows, y);
  }
  Numbers numbers() const { return constants_.template numbers<SumT>(kBits); }
  // Returns, for 8 bits, these numbers for 32-bit arithmetic, if no input can make a sum that
  // exceeds 32 bits.
  std::optional<NarrowNumbers> narrow_numbers() const;
  template <class Technique>
  auto rule(const Technique& operand) const {
    return rule_on_grid(operand, kBits, x_bits_, h_bits_);
  }
  const LayerProducts<FixedProduct<SumT>>& products() const { return products_; }
  // Returns the integer that an element stands for in the products.
  std::int32_t code(float element, Source source) const {
    return static_cast<std::int32_t>(
        std::ldexp(element, source == Source::kInput ? x_bits_ : h_bits_));
  }

 private:
  const LayerProducts<FixedProduct<SumT>>& products_;
  int x_bits_, h_bits_;
  FixedConstants constants_;
  // The lower 32 bits of the bias; empty where a sum may need all 64.
  std::vector<std::uint32_t> narrow_bias_;
};

using EightBitLayer = FixedLayer<std::int32_t>;

// The 8-bit products of dynamic precision under fp32 (docs/techniques.md, "Dynamic precision"). A
// quantization step is alpha / 128.
class QuantizedLayer {
 public:
  using Choice = Fp32;
  using Numbers = QuantizedNumbers;
  static constexpr bool kHasAfter = false;
  struct Steps {
    double x, h;  // steps of the elements
    double input_weight, recurrent_weight;
  };

  QuantizedLayer(const LayerProducts<FixedProduct<std::int32_t>>& products, const Steps& steps)
      : products_(products), steps_(steps) {}

  void multiply_input(const float* x, Index rows, std::int32_t* y) const {
    products_.input(x, 0, rows, y);
  }
  void multiply_recurrent(const float* h, Index rows, std::int32_t* y) const {
    (*products_.recurrent)(h, 0, rows, y);
  }
  Numbers numbers() const {
    const float* diagonal =
        products_.constants == nullptr ? nullptr : products_.constants->diagonal.data();
    const FixedProduct<std::int32_t>& recurrent =
        products_.recurrent ? *products_.recurrent : products_.input;
    return {{products_.bias->data(), nullptr, diagonal},
            products_.input.offsets().data(),
            recurrent.offsets().data(),
            nearest_float(steps_.x * steps_.input_weight),
            nearest_float(steps_.h * steps_.recurrent_weight)};
  }
  EightBitCodes rule(const DynamicPrecision&) const {
    return EightBitCodes::of(steps_.x, steps_.h);
  }
  const LayerProducts<FixedProduct<std::int32_t>>& products() const { return products_; }
  std::int32_t code(float element, Source) const { return static_cast<std::int32_t>(element); }

 private:
  const LayerProducts<FixedProduct<std::int32_t>>& products_;
  Steps steps_;
};

}  // namespace edgeval
