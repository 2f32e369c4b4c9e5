// The weights of one layer, packed for an arithmetic when it is first asked for, and the layer's
// arithmetics made of them, one for each direction. Packing is for one thread; what was packed may
// be read by all and lives as long as this object.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <tuple>
#include <vector>

#include "host/engine/product/second_product.hpp"

namespace edgeval {

// The products of one layer under one arithmetic, one entry for each direction.
template <class Product>
using DirectionProducts = std::vector<LayerProducts<Product>>;

class PackedLayer {
 public:
  PackedLayer(std::shared_ptr<const Layer> layer, ByteProduct::Route route);

  const Layer& layer() const { return *layer_; }

  // Returns the layer's arithmetic, one entry for each direction. Throws Error when a weight is too
  // large for the integers.
  std::vector<FloatLayer> arithmetics(const Fp32&);
  std::vector<EightBitLayer> arithmetics(const Integer<8>& choice) {
    return fixed<8, std::int32_t>(choice);
  }
  std::vector<FixedLayer<std::int64_t>> arithmetics(const Integer<16>& choice) {
    return fixed<16, std::int64_t>(choice);
  }
  // Returns the 8-bit products of dynamic precision under fp32, one entry for each direction.
  std::vector<QuantizedLayer> arithmetics(const DynamicPrecision& choice);

  // Returns second products with the weights in this form, one entry for each direction.
  const std::vector<SecondProducts>& in_form(WeightForm form);

 private:
  template <class Product>
  const DirectionProducts<Product>& get();
  template <int Bits, class Sum>
  std::vector<FixedLayer<Sum>> fixed(const Integer<Bits>& choice);
  template <class Product>
  Product packed(const Matrix<float>& weight, Index first, Index count) const;
  template <class Product>
  Product packed(const Matrix<float>& weight) const {
    return packed<Product>(weight, 0, weight.rows());
  }
  template <class Product>
  void pack(const RecurrentLayer& layer, DirectionProducts<Product>& products) const;
  template <class Product>
  void pack(const LinearLayer& layer, DirectionProducts<Product>& products) const;

  std::shared_ptr<const Layer> layer_;
  const ByteProduct::Route route_;
  std::vector<CellConstants> constants_;  // of each direction; products point to them
  std::tuple<DirectionProducts<DenseProduct>, DirectionProducts<FixedProduct<std::int32_t>>,
             DirectionProducts<FixedProduct<std::int64_t>>>
      products_;
  std::map<WeightForm, std::vector<SecondProducts>> forms_;
};

}  // namespace edgeval
