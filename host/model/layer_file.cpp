#include "host/model/layer_file.hpp"

#include <algorithm>
#include <concepts>

#include "host/core/error.hpp"
#include "host/layer/kinds.hpp"

namespace edgeval {
namespace {

std::vector<Direction> read_directions(const Fields& fields) {
  const std::string& direction = fields.choice("direction", {"forward", "backward", "both"});
  if (direction == "forward") return {Direction::kForward};
  if (direction == "backward") return {Direction::kBackward};
  return {Direction::kForward, Direction::kBackward};
}

// Collects the keys that a kind has beside those of all kinds.
struct KeyNames {
  std::vector<std::string> names;

  void width(const char* key, Index) { names.emplace_back(key); }
  void activation(const char* key, const Activation&) { names.emplace_back(key); }

  void choice(const char* key, bool, const char*, const char*) { names.emplace_back(key); }
  void without(const char* key, bool) { names.emplace_back(key); }
  void whole(const char* key, Index, Index) { names.emplace_back(key); }
  void optional(const char*, bool) {}
  void optional_rows(const char*, Index) {}
};

// Reads what a layer's keys and optional tensors say about its cells.
class FormReader {
 public:
  FormReader(const RecurrentLayer& layer, const Fields& fields, const Safetensors& file)
      : layer_(layer), fields_(fields), file_(file) {}

  void choice(const char* key, bool& flag, const char* no, const char* yes) const {
    flag = fields_.choice(key, {no, yes}) == yes;
  }
  void without(const char* key, bool& flag) const { flag = !fields_.boolean(key); }
  void whole(const char* key, Index& value, Index most) const {
    value = fields_.integer(key, 1, most);
  }
  // Whether the tensor is there, which must hold of every direction or of none.
  void optional(const char* tensor, bool& there) const {
    std::size_t found = 0;
    for (Direction direction : layer_.directions)
      found += file_.has(full_name(direction, tensor)) ? 1 : 0;
    EDGEVAL_EXPECTS(found == 0 || found == layer_.directions.size(), fields_.place(), ": tensor ",
                    tensor, " is there for one direction only");
    there = found > 0;
  }
  void optional_rows(const char* tensor, Index& rows) const {
    bool there = false;
    optional(tensor, there);
    if (!there) return;
    rows = file_.rows(full_name(layer_.directions.front(), tensor));
    EDGEVAL_EXPECTS(rows >= 1 && rows <= kMaxWidth, fields_.place(), ": its ", tensor, " has ",
                    rows, " rows, must have 1 to ", kMaxWidth);
  }

 private:
  std::string full_name(Direction direction, const char* tensor) const {
    return concat(layer_.name, ".", name(direction), ".", tensor);
  }

  const RecurrentLayer& layer_;
  const Fields& fields_;
  const Safetensors& file_;
};

// Takes the tensors of a direction out of the file.
struct TensorReader {
  Safetensors& file;
  const std::string prefix;
  const Index columns;  // of a matrix: the cells, or the inputs of a linear layer

  void vector(const char* tensor, Matrix<float>& values, Index size) {
    values = file.take_vector(prefix + tensor, size);
  }
  void matrix(const char* tensor, Matrix<float>& values, Index rows) {
    values = file.take_matrix(prefix + tensor, rows, columns);
  }
  void diagonal(const char* tensor, Matrix<float>& values, Index rows) {
    matrix(tensor, values, rows);
  }
};

RecurrentWeights read_weights(const RecurrentLayer& layer, const std::string& prefix,
                              Safetensors& file) {
  const Index rows = layer.gates() * layer.cells;
  RecurrentWeights weights;
  weights.weight_ih = file.take_matrix(prefix + "weight_ih", rows, layer.product_inputs());
  if (layer.has_recurrent_product())
    weights.weight_hh = file.take_matrix(prefix + "weight_hh", rows, layer.recurrent());
  RecurrentKinds::visit(layer.kind, [&]<class Kind>(Kind) {
    Kind::tensors(weights, layer.cells, layer.form, TensorReader{file, prefix, layer.cells});
  });
  return weights;
}

template <std::derived_from<RecurrentKind> Kind>
Layer read_layer(Kind, const Fields& fields, Safetensors& file) {
  RecurrentLayer layer;
  layer.kind = LayerKind(Kind::kFacts);
  layer.name = fields.text("name");
  layer.inputs = fields.integer("inputs", 1, kMaxWidth);
  layer.cells = fields.integer("cells", 1, kMaxWidth);
  layer.directions = read_directions(fields);
  Kind::keys(layer.form, FormReader(layer, fields, file));
  for (Direction direction : layer.directions)
    layer.weights.push_back(
        read_weights(layer, concat(layer.name, ".", name(direction), "."), file));
  return layer;
}

Activation read_activation(const Fields& fields) {
  if (fields.choice("type", {"relu", "clipped_relu"}) == "relu") {
    fields.expect_only({"type"});
    return {Activation::Type::kRelu};
  }
  fields.expect_only({"type", "limit"});
  return {Activation::Type::kClippedRelu, static_cast<float>(fields.number("limit", 1e-30, 1e30))};
}

// Reads what the keys of a linear layer say about it.
struct LinearReader {
  const Fields& fields;

  void width(const char* key, Index& value) const { value = fields.integer(key, 1, kMaxWidth); }
  void activation(const char* key, Activation& value) const {
    if (fields.has(key)) value = read_activation(fields.object(key));
  }
};

Layer read_layer(LinearKind, const Fields& fields, Safetensors& file) {
  LinearLayer layer;
  layer.name = fields.text("name");
  layer.inputs = fields.integer("inputs", 1, kMaxWidth);
  LinearKind::keys(layer, LinearReader{fields});
  LinearKind::tensors(layer, TensorReader{file, layer.name + ".", layer.inputs});
  return layer;
}

template <std::derived_from<RecurrentKind> Kind>
std::vector<std::string> keys_of(Kind) {
  KeyNames keys{{"type", "name", "inputs", "cells", "direction"}};
  CellForm form;
  Kind::keys(form, keys);
  return std::move(keys.names);
}
std::vector<std::string> keys_of(LinearKind) {
  KeyNames keys{{"type", "name", "inputs"}};
  LinearLayer layer;
  LinearKind::keys(layer, keys);
  return std::move(keys.names);
}

// Reads the kind of a layer and refuses keys that are not those of the kind.
LayerKind read_kind(const Fields& fields) {
  std::vector<std::string> known;
  for (LayerKind kind : ModelKinds::kAll) known.emplace_back(name(kind));
  const std::string& type = fields.choice(
      "type", known, {"embedding", "encoder", "bridge", "decoder", "attention", "generator"});
  const LayerKind kind = *layer_kind(type, ModelKinds::kAll);
  fields.expect_only(ModelKinds::visit(kind, [](auto each) { return keys_of(each); }));
  return kind;
}

bool has_control(std::string_view text) {
  return std::any_of(text.begin(), text.end(), [](unsigned char c) { return c < 32 || c == 127; });
}

}  // namespace

void expect_new_name(const std::string& name, const std::string& place,
                     std::set<std::string>& names) {
  EDGEVAL_EXPECTS(!name.empty() && !has_control(name), place, ": name ", shown(name),
                  " is empty or holds control characters");
  EDGEVAL_EXPECTS(names.insert(name).second, place, ": name ", shown(name),
                  " belongs to an earlier layer");
}

std::vector<Layer> read_layers(const Fields& fields, Safetensors& file, InputWidth width,
                               std::set<std::string>& names) {
  const Json& list = fields.array("layers");
  EDGEVAL_EXPECTS(!list.empty(), fields.place(), ": layers is empty");
  std::vector<Layer> layers;
  for (std::size_t i = 0; i < list.size(); ++i) {
    const Fields entry(list[i], concat(fields.place(), ": layers[", i, "]"));
    const LayerKind kind = read_kind(entry);
    const std::string& name = entry.text("name");
    expect_new_name(name, entry.place(), names);
    const Fields layer(list[i], concat(fields.place(), ": layer ", shown(name)));
    const Index inputs = layer.integer("inputs", 1, kMaxWidth);
    EDGEVAL_EXPECTS(inputs == width.width, layer.place(), ": inputs is ", inputs, ", but ",
                    width.giver, " gives ", width.width);
    layers.push_back(
        ModelKinds::visit(kind, [&](auto each) { return read_layer(each, layer, file); }));
    width = {layer_outputs(layers.back()), concat("layer ", shown(name), " before it")};
  }
  return layers;
}

std::vector<std::string> read_tokens(const Fields& fields) {
  std::vector<std::string> tokens;
  for (const Json& token : fields.array("tokens")) {
    EDGEVAL_EXPECTS(token.is_string(), fields.place(), ": tokens[", tokens.size(), "] is ",
                    token.type_name(), ", must be a text");
    tokens.push_back(token);
  }
  EDGEVAL_EXPECTS(!tokens.empty(), fields.place(), ": tokens is empty");
  return tokens;
}

}  // namespace edgeval
