#include "tests/support/safetensors.hpp"

#include <bit>
#include <cmath>
#include <cstring>
#include <nlohmann/json.hpp>
#include <random>

#include "host/core/error.hpp"

namespace edgeval::test {
namespace {

using Json = nlohmann::ordered_json;

class RandomWeights {
 public:
  RandomWeights(std::uint64_t seed, float gain) : bits_(seed), gain_(gain) {}

  // Returns values that are uniform in [-limit, limit), where limit = gain / sqrt(fan_in). The C++
  // standard fixes the bits of std::mt19937_64, but not those of std::uniform_real_distribution.
  Matrix<float> operator()(Index rows, Index cols, Index fan_in) {
    Matrix<float> values(rows, cols);
    const double limit = gain_ / std::sqrt(static_cast<double>(fan_in));
    for (float& value : values.values())
      value = static_cast<float>(limit * (std::ldexp(static_cast<double>(bits_() >> 11), -52) - 1));
    return values;
  }

 private:
  std::mt19937_64 bits_;
  float gain_;
};

// Writes the form of a layer's cells into the keys of the layer. Options that the presence of a
// tensor tells have no key.
struct FormWriter {
  Json& json;

  void choice(const char* key, bool flag, const char* no, const char* yes) const {
    json[key] = flag ? yes : no;
  }
  void without(const char* key, bool flag) const { json[key] = !flag; }
  void whole(const char* key, Index value, Index) const { json[key] = value; }
  void optional(const char*, bool) const {}
  void optional_rows(const char*, Index) const {}
};

// Calls add(tensor, values, whether it is a vector) for all tensors of a kind.
template <class Add>
struct TensorWriter {
  const Add& add;

  void vector(const char* tensor, const Matrix<float>& values, Index) const {
    add(tensor, values, true);
  }
  void matrix(const char* tensor, const Matrix<float>& values, Index) const {
    add(tensor, values, false);
  }
  void diagonal(const char* tensor, const Matrix<float>& values, Index) const {
    add(tensor, values, false);
  }
};

// Fills all tensors of a kind with random weights.
struct TensorFiller {
  RandomWeights& random;
  const Index cells;

  void vector(const char*, Matrix<float>& values, Index size) const {
    values = random(1, size, cells);
  }
  void matrix(const char*, Matrix<float>& values, Index rows) const {
    values = random(rows, cells, cells);
  }
  void diagonal(const char*, Matrix<float>& values, Index rows) const {
    values = random(rows, cells, 2);
  }
};

Json layer_json(const RecurrentLayer& layer) {
  const bool both = layer.directions.size() == 2;
  Json json = {{"type", name(layer.kind)},
               {"name", layer.name},
               {"inputs", layer.inputs},
               {"cells", layer.cells},
               {"direction", both ? "both" : name(layer.directions.front())}};
  RecurrentKinds::visit(layer.kind,
                        [&]<class Kind>(Kind) { Kind::keys(layer.form, FormWriter{json}); });
  return json;
}

Json layer_json(const LinearLayer& layer) {
  Json json = {
      {"type", "linear"}, {"name", layer.name}, {"inputs", layer.inputs}, {"outputs", layer.width}};
  if (layer.activation.type == Activation::Type::kRelu) json["activation"] = {{"type", "relu"}};
  if (layer.activation.type == Activation::Type::kClippedRelu)
    json["activation"] = {{"type", "clipped_relu"}, {"limit", layer.activation.limit}};
  return json;
}

void add_tensors(const RecurrentLayer& layer, std::vector<TensorBytes>& tensors) {
  for (std::size_t d = 0; d < layer.directions.size(); ++d) {
    const RecurrentWeights& weights = layer.weights[d];
    const auto add = [&](const char* tensor, const Matrix<float>& values, bool vector) {
      if (values.size() == 0) return;
      std::vector<Index> shape{values.rows(), values.cols()};
      if (vector) shape = {values.cols()};
      tensors.push_back(float_tensor(
          concat(layer.name, ".", name(layer.directions[d]), ".", tensor), shape, values.values()));
    };
    add("weight_ih", weights.weight_ih, false);
    add("weight_hh", weights.weight_hh, false);
    RecurrentKinds::visit(layer.kind, [&]<class Kind>(Kind) {
      Kind::tensors(weights, layer.cells, layer.form, TensorWriter<decltype(add)>{add});
    });
  }
}

void add_tensors(const LinearLayer& layer, std::vector<TensorBytes>& tensors) {
  tensors.push_back(
      float_tensor(layer.name + ".weight", {layer.width, layer.inputs}, layer.weight.values()));
  tensors.push_back(float_tensor(layer.name + ".bias", {layer.width}, layer.bias.values()));
}

RecurrentLayer random_layer(const RecurrentSpec& spec, std::string name, Index inputs,
                            RandomWeights& random) {
  RecurrentLayer layer;
  layer.name = std::move(name);
  layer.inputs = inputs;
  layer.cells = spec.cells;
  layer.directions = spec.directions;
  layer.kind = spec.kind;
  layer.form = spec.form;
  const Index cells = spec.cells, rows = layer.gates() * cells;
  for (std::size_t d = 0; d < spec.directions.size(); ++d) {
    RecurrentWeights weights;
    weights.weight_ih = random(rows, layer.product_inputs(), layer.product_inputs());
    if (layer.has_recurrent_product())
      weights.weight_hh = random(rows, layer.recurrent(), layer.recurrent());
    RecurrentKinds::visit(spec.kind, [&]<class Kind>(Kind) {
      Kind::tensors(weights, cells, spec.form, TensorFiller{random, cells});
    });
    layer.weights.push_back(std::move(weights));
  }
  return layer;
}

Json frontend_json(const FrontendConfig& frontend) {
  Json json = {{"type", frontend.type},         {"sample_rate", frontend.sample_rate},
               {"frame_ms", frontend.frame_ms}, {"shift_ms", frontend.shift_ms},
               {"mel_bins", frontend.mel_bins}, {"low_hz", frontend.low_hz},
               {"high_hz", frontend.high_hz},   {"preemphasis", frontend.preemphasis},
               {"window", frontend.window},     {"dither", frontend.dither},
               {"cmvn", frontend.cmvn},         {"cmvn_epsilon", frontend.cmvn_epsilon}};
  if (frontend.is_mfcc()) {
    json["cepstra"] = frontend.cepstra;
    json["lifter"] = frontend.lifter;
    json["splice"] = {frontend.splice.before, frontend.splice.after};
    json["subsample"] = frontend.subsample;
  } else {
    json["deltas"] = frontend.deltas;
    json["delta_window"] = frontend.delta_window;
  }
  return json;
}

}  // namespace

Model random_model(const RandomModelSpec& spec, std::uint64_t seed) {
  RandomWeights random(seed, spec.gain);
  Model model;
  model.name = "random";
  model.task = "ctc";
  model.frontend.mel_bins = static_cast<int>(spec.inputs);
  model.frontend.deltas = 0;
  Index width = spec.inputs;
  for (const RecurrentSpec& of_layer : spec.lstm) {
    model.layers.emplace_back(random_layer(
        of_layer, concat(name(of_layer.kind), model.layers.size() + 1), width, random));
    width = layer_outputs(model.layers.back());
  }
  if (spec.outputs > 0) {
    LinearLayer layer;
    layer.name = "output";
    layer.inputs = width;
    layer.width = spec.outputs;
    layer.weight = random(spec.outputs, width, width);
    layer.bias = random(1, spec.outputs, width);
    model.layers.emplace_back(std::move(layer));
  }
  model.tokens.push_back("<blank>");
  while (static_cast<Index>(model.tokens.size()) < model.outputs())
    model.tokens.push_back(concat("t", model.tokens.size()));
  return model;
}

TensorBytes float_tensor(std::string name, std::vector<Index> shape,
                         std::span<const float> values) {
  static_assert(std::endian::native == std::endian::little);
  std::string bytes(values.size_bytes(), '\0');
  if (!values.empty()) std::memcpy(bytes.data(), values.data(), bytes.size());
  return {std::move(name), "F32", std::move(shape), std::move(bytes)};
}

std::string framed(std::string_view header, std::string_view data) {
  std::string bytes;
  for (int shift = 0; shift < 64; shift += 8)
    bytes += static_cast<char>(static_cast<std::uint64_t>(header.size()) >> shift);
  return bytes.append(header).append(data);
}

FileParts unframed(std::string_view file) {
  std::uint64_t length = 0;
  std::memcpy(&length, file.data(), sizeof length);
  return {std::string(file.substr(8, length)), std::string(file.substr(8 + length))};
}

std::string safetensors_bytes(std::string_view metadata, const std::vector<TensorBytes>& tensors) {
  Json header = {{"__metadata__", {{"edgeval", metadata}}}};
  std::string data;
  for (const TensorBytes& tensor : tensors) {
    header[tensor.name] = {{"dtype", tensor.dtype},
                           {"shape", tensor.shape},
                           {"data_offsets", {data.size(), data.size() + tensor.bytes.size()}}};
    data += tensor.bytes;
  }
  return framed(header.dump(), data);
}

std::string model_json(const Model& model) {
  Json layers = Json::array();
  for (const Layer& layer : model.layers)
    layers.push_back(std::visit([](const auto& l) { return layer_json(l); }, layer));
  const Json json = {{"format", 1},
                     {"name", model.name},
                     {"task", model.task},
                     {"frontend", frontend_json(model.frontend)},
                     {"tokens", model.tokens},
                     {"blank", model.blank},
                     {"layers", layers}};
  return json.dump();
}

std::vector<TensorBytes> model_tensors(const Model& model) {
  std::vector<TensorBytes> tensors;
  for (const Layer& layer : model.layers)
    std::visit([&](const auto& l) { add_tensors(l, tensors); }, layer);
  return tensors;
}

std::string model_bytes(const Model& model) {
  return safetensors_bytes(model_json(model), model_tensors(model));
}

}  // namespace edgeval::test
