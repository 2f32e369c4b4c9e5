#include "host/model/transform.hpp"

#include "host/core/error.hpp"

namespace edgeval {
namespace {

// Structured bindings name every member, so that this does not compile after a member was added to
// a layer until it is copied here, too.
RecurrentWeights clone(const RecurrentWeights& weights) {
  const auto& [weight_ih, weight_hh, bias, bias_hh, diagonal, weight_hr, compressed] = weights;
  return {weight_ih.clone(), weight_hh.clone(), bias.clone(), bias_hh.clone(),
          diagonal.clone(),  weight_hr.clone(), compressed};
}

Layer clone(const RecurrentLayer& layer) {
  const auto& [name, inputs, cells, directions, weights, kind, form] = layer;
  RecurrentLayer copy{name, inputs, cells, directions, {}, kind, form};
  for (const RecurrentWeights& direction : weights) copy.weights.push_back(clone(direction));
  return copy;
}

Layer clone(const LinearLayer& layer) {
  const auto& [name, inputs, width, weight, bias, activation, compressed] = layer;
  return LinearLayer{name, inputs, width, weight.clone(), bias.clone(), activation, compressed};
}

Model clone(const Model& model) {
  const auto& [path, sha256, name, task, frontend, tokens, blank, layers, decoder_layers] = model;
  Model copy{path, sha256, name, task, frontend, tokens, blank, {}, decoder_layers};
  for (const Layer& layer : layers)
    copy.layers.push_back(std::visit([](const auto& l) { return clone(l); }, layer));
  return copy;
}

Attention clone(const Attention& attention) {
  const auto& [type, name, outputs, hidden, output_tanh, probe, context, score, output] = attention;
  return {type, name, outputs, hidden, output_tanh, probe, context, score.clone(), output};
}

// A weight matrix with its values as trained, and where its layer and direction keep their size.
struct Place {
  MatrixReport report;
  const Matrix<float>* trained;
  Matrix<float>* matrix;
  CompressedSize* compressed;
};

void add_places(const RecurrentLayer& trained, RecurrentLayer& layer, std::vector<Place>& places) {
  for (std::size_t d = 0; d < layer.weights.size(); ++d) {
    const RecurrentWeights& before = trained.weights[d];
    RecurrentWeights& weights = layer.weights[d];
    weights.compressed = {static_cast<std::int64_t>(kFloatBits) * weights.diagonal.size(),
                          weights.diagonal.size()};  // these weights stay as trained
    const auto add = [&](const char* matrix, Matrix<float> RecurrentWeights::*values) {
      if ((weights.*values).size() > 0)
        places.push_back({{layer.name, name(layer.directions[d]), matrix},
                          &(before.*values),
                          &(weights.*values),
                          &weights.compressed});
    };
    add("weight_ih", &RecurrentWeights::weight_ih);
    add("weight_hh", &RecurrentWeights::weight_hh);
    add("weight_hr", &RecurrentWeights::weight_hr);
  }
}

void add_places(const LinearLayer& trained, LinearLayer& layer, std::vector<Place>& places) {
  layer.compressed = {};
  places.push_back(
      {{layer.name, "none", "weight"}, &trained.weight, &layer.weight, &layer.compressed});
}

// Fills in the size of a changed matrix, its nonzero weights and its error against `before`.
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
  for (std::size_t l = 0; l < model.layers.size(); ++l)
    std::visit([&]<class Kind>(
                   Kind& layer) { add_places(std::get<Kind>(model.layers[l]), layer, places); },
               result.model.layers[l]);

  std::vector<WeightMatrix> matrices;
  for (const Place& place : places)
    matrices.push_back({place.matrix->values(), place.matrix->rows(), place.matrix->cols()});
  const std::vector<StoredMatrix> stored =
      std::visit([&](const auto& choice) { return choice.store(matrices); }, weights);
  EDGEVAL_ASSERT(stored.size() == places.size());
  for (std::size_t i = 0; i < places.size(); ++i) {
    compare(*places[i].trained, *places[i].matrix, places[i].report);
    places[i].report.stored = stored[i];
    places[i].compressed->bits += static_cast<std::int64_t>(stored[i].bits);
    places[i].compressed->whole += static_cast<std::int64_t>(stored[i].whole);
    result.matrices.push_back(std::move(places[i].report));
  }
  if (is_neutral(weights))  // each weight is as wide as in the arithmetic
    for (const Place& place : places) *place.compressed = {};
  return result;
}

TransformedTranslation transform(const TranslationModel& model, const Weights& weights) {
  const auto& [network, source, target, source_embedding, target_embedding, decoder, input_feeding,
               bridge, attention, generator] = model;
  TransformedModel transformed = transform(network, weights);
  return {{std::move(transformed.model), source, target, source_embedding.clone(),
           target_embedding.clone(), decoder, input_feeding, bridge, clone(attention), generator},
          std::move(transformed.matrices)};
}

}  // namespace edgeval
