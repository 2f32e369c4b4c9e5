#include "host/engine/sequence/packed_layer.hpp"

#include "host/core/error.hpp"

namespace edgeval {

PackedLayer::PackedLayer(std::shared_ptr<const Layer> layer, ByteProduct::Route route)
    : layer_(std::move(layer)),
      route_(route),
      constants_(std::visit([](const auto& l) { return cell_constants(l); }, *layer_)) {}

template <class Product>
const DirectionProducts<Product>& PackedLayer::get() {
  DirectionProducts<Product>& products = std::get<DirectionProducts<Product>>(products_);
  if (products.empty()) {
    DirectionProducts<Product> fresh;  // is kept only when it is complete
    std::visit([&](const auto& layer) { pack(layer, fresh); }, *layer_);
    products = std::move(fresh);
  }
  return products;
}

std::vector<FloatLayer> PackedLayer::arithmetics(const Fp32&) {
  const DirectionProducts<DenseProduct>& products = get<DenseProduct>();
  return {products.begin(), products.end()};
}

template <int Bits, class Sum>
std::vector<FixedLayer<Sum>> PackedLayer::fixed(const Integer<Bits>& choice) {
  std::vector<FixedLayer<Sum>> directions;
  for (const auto& products : get<FixedProduct<Sum>>()) {
    const int h_bits = std::visit(
        [&](const auto& layer) { return recurrent_bits(layer, directions.size(), Bits); }, *layer_);
    try {
      directions.emplace_back(products, static_cast<int>(choice.input_bits), h_bits);
    } catch (const Error& error) {
      throw Error(concat("layer ", layer_name(*layer_), ", ", error.what()));
    }
  }
  return directions;
}

std::vector<QuantizedLayer> PackedLayer::arithmetics(const DynamicPrecision& choice) {
  const RecurrentLayer& layer = std::get<RecurrentLayer>(*layer_);
  std::vector<QuantizedLayer> directions;
  for (const SecondProducts& products : in_form(WeightForm::kAlpha8Bits)) {
    const RecurrentWeights& weights = layer.weights[directions.size()];
    const double h_step =
        layer.has_recurrent_product() ? eight_bit_step(choice, Source::kRecurrent) : 0;
    directions.push_back({products,
                          {eight_bit_step(choice, Source::kInput), h_step,
                           weight_step(weights.weight_ih), weight_step(weights.weight_hh)}});
  }
  return directions;
}

const std::vector<SecondProducts>& PackedLayer::in_form(WeightForm form) {
  const auto known = forms_.find(form);
  if (known != forms_.end()) return known->second;
  std::vector<SecondProducts> products;  // is kept only when it is complete
  const auto product = [&](const Matrix<float>& weight) {
    return FixedProduct<std::int32_t>(weights_in_form(weight, form));
  };
  const std::vector<RecurrentWeights>& weights = std::get<RecurrentLayer>(*layer_).weights;
  for (std::size_t d = 0; d < weights.size(); ++d) {
    SecondProducts& of_direction = products.emplace_back(
        SecondProducts{product(weights[d].weight_ih), {}, &constants_[d].bias, {}, &constants_[d]});
    if (weights[d].weight_hh.size() > 0)
      of_direction.recurrent.emplace(product(weights[d].weight_hh));
  }
  return forms_.emplace(form, std::move(products)).first->second;
}

// Packs the rows [first, first + count) of a matrix, in the format of the whole matrix.
template <class Product>
Product PackedLayer::packed(const Matrix<float>& weight, Index first, Index count) const {
  if constexpr (std::is_same_v<Product, DenseProduct>) {
    return Product(MatrixView<const float>{weight.row(first), count, weight.cols(), weight.cols()});
  } else {
    return Product(FixedWeights::of(weight.view(), Product::kBits).rows(first, count), route_);
  }
}

template <class Product>
void PackedLayer::pack(const RecurrentLayer& layer, DirectionProducts<Product>& products) const {
  for (const RecurrentWeights& weights : layer.weights) {
    LayerProducts<Product>& of_direction = products.emplace_back(
        LayerProducts<Product>{packed<Product>(weights.weight_ih), {}, nullptr});
    of_direction.constants = &constants_[products.size() - 1];
    of_direction.bias = &of_direction.constants->bias;
    const Matrix<float>& u = weights.weight_hh;
    const Index at_once = layer.blocks().at_once * layer.cells;
    if (u.size() > 0) of_direction.recurrent.emplace(packed<Product>(u, 0, at_once));
    if (at_once < u.rows())
      of_direction.after.emplace(packed<Product>(u, at_once, u.rows() - at_once));
    if (layer.form.projection > 0) of_direction.after.emplace(packed<Product>(weights.weight_hr));
  }
}

template <class Product>
void PackedLayer::pack(const LinearLayer& layer, DirectionProducts<Product>& products) const {
  products.push_back({packed<Product>(layer.weight), {}, &constants_[0].bias});
}

template std::vector<EightBitLayer> PackedLayer::fixed(const Integer<8>&);
template std::vector<FixedLayer<std::int64_t>> PackedLayer::fixed(const Integer<16>&);

}  // namespace edgeval
