// A layer's products and numbers under one arithmetic, ready for a run: what the engine's loops are templates over.
//   multiply_input, multiply_recurrent   rows of operands -> sums
//   numbers()                            sums -> pre-activations -> cells
//   rule(r)                              an operand's rule as this arithmetic sees values
#pragma once

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

 private:
  int input_sum_bits() const { return products_.input.weight_bits() + x_bits_; }
  int recurrent_sum_bits() const {
    return products_.recurrent ? products_.recurrent->weight_bits() + kRecurrentBits : input_sum_bits();
  }

  const LayerProducts<FixedProduct<SumT>>& products_;
  int x_bits_;
  int sum_bits_;
  std::vector<std::int64_t> bias_;
};

}  // namespace edgeval
