// A layer's products and numbers under one arithmetic, ready for a run: what the engine's loops are templates over.
//   multiply_input, multiply_recurrent   rows of operands -> sums
//   numbers()                            sums -> pre-activations -> cells
//   rule(r)                              an operand's rule as this arithmetic sees values
#pragma once

#include <cmath>
#include <optional>
#include <vector>

#include "host/engine/body/numbers.hpp"
#include "host/engine/fixed_product.hpp"
#include "host/technique/arithmetic.hpp"
#include "host/technique/on_grid.hpp"

namespace edgeval {

// Weights packed once for an arithmetic; a linear layer has no recurrent product.
template <class Product>
struct LayerProducts {
  Product input;                     // [G O, C]
  std::optional<Product> recurrent;  // [G O, H]
  const Matrix<float>* bias;         // [1, G O]
};

class FloatLayer {
 public:
  using Numbers = FloatNumbers;

  explicit FloatLayer(const LayerProducts<DenseProduct>& products) : products_(products) {}

  void multiply_input(const float* x, Index rows, float* y) const { products_.input(x, rows, y); }
  void multiply_recurrent(const float* h, Index rows, float* y) const { (*products_.recurrent)(h, rows, y); }
  Numbers numbers() const { return {products_.bias->data()}; }
  template <class Rule>
  Rule rule(const Rule& plain) const {
    return plain;
  }

 private:
  const LayerProducts<DenseProduct>& products_;
};

// Fraction bits in which both products' sums and the bias are added: the finer of the two, and finer than z.
constexpr int common_sum_bits(int input_sum_bits, int recurrent_sum_bits) {
  return std::max({input_sum_bits, recurrent_sum_bits, kStateBits + 1});
}

template <class SumT>
class FixedLayer {
 public:
  using Numbers = FixedNumbers<SumT>;
  static constexpr int kBits = FixedProduct<SumT>::kBits;
  static constexpr int kRecurrentBits = Integer<kBits>::kRecurrentBits;

  // x_bits: fraction bits of the layer's input.
  FixedLayer(const LayerProducts<FixedProduct<SumT>>& products, int x_bits);

  void multiply_input(const float* x, Index rows, SumT* y) const { products_.input(x, x_bits_, rows, y); }
  void multiply_recurrent(const float* h, Index rows, SumT* y) const {
    (*products_.recurrent)(h, kRecurrentBits, rows, y);
  }
  Numbers numbers() const;
  template <class Rule>
  OnGrid<Rule> rule(const Rule& plain) const {
    return {plain, Grid::of(x_bits_, kBits), Grid::of(kRecurrentBits, kBits)};
  }
  const LayerProducts<FixedProduct<SumT>>& products() const { return products_; }
  // The integer behind an element that enters the products.
  std::int32_t code(float element, Source source) const {
    return static_cast<std::int32_t>(std::ldexp(element, source == Source::kInput ? x_bits_ : kRecurrentBits));
  }

 private:
  int input_sum_bits() const { return products_.input.weight_bits() + x_bits_; }
  int recurrent_sum_bits() const {
    return products_.recurrent ? products_.recurrent->weight_bits() + kRecurrentBits : input_sum_bits();
  }

  const LayerProducts<FixedProduct<SumT>>& products_;
  int x_bits_;
  int sum_bits_;
  std::vector<std::int64_t> bias_, offset_;
};

using EightBitLayer = FixedLayer<std::int32_t>;

// Elements become the integers round(v / step), in 8 bits; the sums stay integers up to the pre-activation.
struct EightBitCodes {
  static constexpr bool kIdentity = false;
  struct State {};
  double inverse_x, inverse_h;  // 1 / step; 0 for a step of 0

  EDGEVAL_HD float seen(float value, Source source) const {
    const double place = static_cast<double>(value) * (source == Source::kInput ? inverse_x : inverse_h);
    return static_cast<float>(Grid::nearest(clamp(place, -128.0, 127.0)));
  }
  EDGEVAL_HD Operand next(float code, Source, State&) const { return {code, 1}; }
};

// Dynamic precision's products at 8 bits under fp32 (techniques.md, "dynamic precision"): step = alpha / 128.
class QuantizedLayer {
 public:
  using Numbers = QuantizedNumbers;
  struct Steps {
    double x, h;                          // of the elements
    double input_weight, recurrent_weight;
  };

  QuantizedLayer(const LayerProducts<FixedProduct<std::int32_t>>& products, const Steps& steps)
      : products_(products), steps_(steps) {}

  void multiply_input(const float* x, Index rows, std::int32_t* y) const { products_.input(x, 0, rows, y); }
  void multiply_recurrent(const float* h, Index rows, std::int32_t* y) const { (*products_.recurrent)(h, 0, rows, y); }
  Numbers numbers() const {
    return {{products_.bias->data()}, products_.input.offsets().data(), products_.recurrent->offsets().data(),
            steps_.x * steps_.input_weight, steps_.h * steps_.recurrent_weight};
  }
  EightBitCodes rule(const AsIs::Rule&) const {
    return {steps_.x == 0 ? 0 : 1 / steps_.x, steps_.h == 0 ? 0 : 1 / steps_.h};
  }
  const LayerProducts<FixedProduct<std::int32_t>>& products() const { return products_; }
  std::int32_t code(float element, Source) const { return static_cast<std::int32_t>(element); }

 private:
  const LayerProducts<FixedProduct<std::int32_t>>& products_;
  Steps steps_;
};

}  // namespace edgeval
