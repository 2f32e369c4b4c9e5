#include "host/model/transform.hpp"

#include "host/core/error.hpp"

namespace edgeval {
namespace {

// Structured bindings name every member: one that is added to a layer does not compile until it is
// copied here.
LstmWeights clone(const LstmWeights& weights) {
  const auto& [weight_ih, weight_hh, bias, compressed_bits] = weights;
  return {weight_ih.clone(), weight_hh.clone(), bias.clone(), compressed_bits};
}

Layer clone(const LstmLayer& layer) {
  const auto& [name, inputs, cells, directions, weights] = layer;
  LstmLayer copy{name, inputs, cells, directions, {}};
  for (const LstmWeights& direction : weights) copy.weights.push_back(clone(direction));
  return copy;
}

Layer clone(const LinearLayer& layer) {
  const auto& [name, inputs, width, weight, bias, activation, compressed_bits] = layer;
  return LinearLayer{name,         inputs,     width,          weight.clone(),
                     bias.clone(), activation, compressed_bits};
}

Model clone(const Model& model) {
  const auto& [path, sha256, name, task, frontend, tokens, blank, layers] = model;
  Model copy{path, sha256, name, task, frontend, tokens, blank, {}};
  for (const Layer& layer : layers)
    copy.layers.push_back(std::visit([](const auto& l) { return clone(l); }, layer));
  return copy;
}

// A weight matrix and where its layer and direction keep their bits.
struct Place {
  MatrixReport report;
  Matrix<float>* matrix;
  std::int64_t* compressed_bits;
};

void add_places(LstmLayer& layer, std::vector<Place>& places) {
  for (std::size_t d = 0; d < layer.weights.size(); ++d) {
    LstmWeights& weights = layer.weights[d];
    const std::string direction = name(layer.directions[d]);
    places.push_back(
        {{layer.name, direction, "weight_ih"}, &weights.weight_ih, &weights.compressed_bits});
    places.push_back(
        {{layer.name, direction, "weight_hh"}, &weights.weight_hh, &weights.compressed_bits});
  }
}

void add_places(LinearLayer& layer, std::vector<Place>& places) {
  places.push_back({{layer.name, "none", "weight"}, &layer.weight, &layer.compressed_bits});
}

// Error against `before`, nonzero weights and size of a matrix that has been changed.
void compare(const Matrix<float>& before, const Matrix<float>& after, MatrixReport& report) {
  report.rows = after.rows();
  report.cols = after.cols();
  double sum = 0;
  for (std::size_t i = 0; i < after.values().size(); ++i) {
    const double error =
        static_cast<double>(after.values()[i]) - static_cast<double>(before.values()[i]);
    sum += error * error;
    report.nonzero += after.values()[i] != 0 ? 1 : 0;
  }
  report.mean_squared_error = after.size() > 0 ? sum / static_cast<double>(after.size()) : 0;
}

}  // namespace

TransformedModel transform(const Model& model, const Weights& weights) {
  TransformedModel result{clone(model), {}};
  std::vector<Place> places;
  for (Layer& layer : result.model.layers)
    std::visit([&](auto& l) { add_places(l, places); }, layer);

  std::vector<Matrix<float>> before;
  std::vector<WeightMatrix> matrices;
  for (const Place& place : places) {
    before.push_back(place.matrix->clone());
    matrices.push_back({place.matrix->values(), place.matrix->rows(), place.matrix->cols()});
    *place.compressed_bits = 0;
  }
  const std::vector<StoredMatrix> stored =
      std::visit([&](const auto& choice) { return choice.store(matrices); }, weights);
  EDGEVAL_ASSERT(stored.size() == places.size());
  for (std::size_t i = 0; i < places.size(); ++i) {
    compare(before[i], *places[i].matrix, places[i].report);
    places[i].report.stored = stored[i];
    *places[i].compressed_bits += static_cast<std::int64_t>(stored[i].bits);
    result.matrices.push_back(std::move(places[i].report));
  }
  return result;
}

}  // namespace edgeval
