#include "cuda/sequence/weights.hpp"

namespace edgeval::gpu {
namespace {

constexpr Index kTypicalInputRows = 8192;     // a product W has the rows of many steps
constexpr Index kTypicalRecurrentRows = 512;  // a product U has the lanes of one step

// Returns the product with rows [first, first + count) of a matrix, in the format of the whole
// matrix. typical_rows matters in fp32 only.
Product product(const Matrix<float>& weight, Index first, Index count, int bits, Index typical_rows,
                const CublasLt& cublas, const Stream& stream) {
  if (bits != 32)
    return Product(cublas, FixedWeights::of(weight.view(), bits).rows(first, count), bits, stream);
  const MatrixView<const float> rows{weight.row(first), count, weight.cols(), weight.cols()};
  return Product(cublas, rows, typical_rows, stream);
}

void upload_constants(const CellConstants& constants, DeviceProducts& products,
                      const Stream& stream) {
  const auto send = [&](const Matrix<float>& values, DeviceBuffer<float>& buffer) {
    buffer.upload(values.data(), values.size(), stream);
  };
  send(constants.bias, products.float_bias);
  send(constants.recurrent_bias, products.float_recurrent_bias);
  send(constants.diagonal, products.float_diagonal);
}

}  // namespace

DeviceLayer::DeviceLayer(std::shared_ptr<const Layer> layer)
    : layer_(std::move(layer)),
      constants_(std::visit([](const auto& l) { return cell_constants(l); }, *layer_)) {}

std::vector<DeviceLayer> device_layers(const std::shared_ptr<const Model>& model,
                                       std::span<const Layer> layers) {
  std::vector<DeviceLayer> all;
  for (const Layer& layer : layers) all.emplace_back(std::shared_ptr<const Layer>(model, &layer));
  return all;
}

const std::vector<DeviceProducts>& DeviceLayer::get(const Arithmetic& arithmetic,
                                                    const CublasLt& cublas, const Stream& stream) {
  std::vector<DeviceProducts>& products = by_arithmetic_[arithmetic.index()];
  if (products.empty()) {
    const int bits = std::visit([](const auto& choice) { return choice.kBits; }, arithmetic);
    products = std::visit([&](const auto& l) { return upload(l, bits, cublas, stream); }, *layer_);
  }
  return products;
}

const std::vector<DeviceProducts>& DeviceLayer::in_form(WeightForm form, const CublasLt& cublas,
                                                        const Stream& stream) {
  const auto known = forms_.find(form);
  if (known != forms_.end()) return known->second;
  std::vector<DeviceProducts> directions;  // is kept only when it is complete
  const auto product = [&](const Matrix<float>& weight) {
    return Product(cublas, weights_in_form(weight, form), 8, stream);
  };
  const std::vector<RecurrentWeights>& weights = std::get<RecurrentLayer>(*layer_).weights;
  for (std::size_t d = 0; d < weights.size(); ++d) {
    const Matrix<float>&w = weights[d].weight_ih, &u = weights[d].weight_hh;
    DeviceProducts& products =
        directions.emplace_back(DeviceProducts{{product(w), {}, &constants_[d].bias}});
    products.constants = &constants_[d];
    if (u.size() > 0) products.recurrent.emplace(product(u));
    products.input_step = weight_step(w);
    products.recurrent_step = weight_step(u);
    upload_constants(constants_[d], products, stream);
  }
  return forms_.emplace(form, std::move(directions)).first->second;
}

std::vector<DeviceProducts> DeviceLayer::upload(const RecurrentLayer& layer, int bits,
                                                const CublasLt& cublas,
                                                const Stream& stream) const {
  std::vector<DeviceProducts> directions;
  for (std::size_t d = 0; d < layer.weights.size(); ++d) {
    const RecurrentWeights& weights = layer.weights[d];
    const auto rows_of = [&](const Matrix<float>& weight, Index first, Index count, Index typical) {
      return product(weight, first, count, bits, typical, cublas, stream);
    };
    const auto all_of = [&](const Matrix<float>& weight, Index typical) {
      return rows_of(weight, 0, weight.rows(), typical);
    };
    DeviceProducts& products = directions.emplace_back(
        DeviceProducts{{all_of(weights.weight_ih, kTypicalInputRows), {}, &constants_[d].bias}});
    products.constants = &constants_[d];
    const Matrix<float>& u = weights.weight_hh;
    const Index at_once = layer.blocks().at_once * layer.cells;
    if (u.size() > 0) products.recurrent.emplace(rows_of(u, 0, at_once, kTypicalRecurrentRows));
    if (at_once < u.rows())
      products.after.emplace(rows_of(u, at_once, u.rows() - at_once, kTypicalRecurrentRows));
    if (layer.form.projection > 0)
      products.after.emplace(all_of(weights.weight_hr, kTypicalRecurrentRows));
    if (bits != 32) products.recurrent_bits = recurrent_bits(layer, d, bits);
    upload_constants(constants_[d], products, stream);
  }
  return directions;
}

std::vector<DeviceProducts> DeviceLayer::upload(const LinearLayer& layer, int bits,
                                                const CublasLt& cublas,
                                                const Stream& stream) const {
  std::vector<DeviceProducts> products;
  products.push_back(
      {{product(layer.weight, 0, layer.weight.rows(), bits, kTypicalInputRows, cublas, stream),
        {},
        &constants_[0].bias}});
  products[0].recurrent_bits = bits - 1;
  upload_constants(constants_[0], products[0], stream);
  return products;
}

}  // namespace edgeval::gpu
