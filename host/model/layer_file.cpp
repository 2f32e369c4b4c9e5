#include "host/model/layer_file.hpp"

#include <algorithm>
#include <map>

#include "host/core/error.hpp"

namespace edgeval {
namespace {

constexpr Index kMaxWindow = 1000;  // frames of a QRNN

std::vector<Direction> read_directions(const Fields& fields) {
  const std::string& direction = fields.choice("direction", {"forward", "backward", "both"});
  if (direction == "forward") return {Direction::kForward};
  if (direction == "backward") return {Direction::kBackward};
  return {Direction::kForward, Direction::kBackward};
}

// An optional tensor of an LSTM belongs to every direction or to none.
bool in_every_direction(const RecurrentLayer& layer, const std::string& tensor,
                        const Safetensors& file, const std::string& place) {
  std::size_t found = 0;
  for (Direction direction : layer.directions)
    found += file.has(concat(layer.name, ".", name(direction), ".", tensor)) ? 1 : 0;
  EDGEVAL_EXPECTS(found == 0 || found == layer.directions.size(), place, ": tensor ", tensor,
                  " is there for one direction only");
  return found > 0;
}

// What a layer's keys, and an LSTM's optional tensors, say about its cells.
CellForm read_form(const RecurrentLayer& layer, const Fields& fields, const Safetensors& file) {
  CellForm form;
  if (layer.kind == LayerKind::kLstm) {
    form.peepholes = in_every_direction(layer, "peephole", file, fields.place());
    if (in_every_direction(layer, "weight_hr", file, fields.place())) {
      form.projection =
          file.rows(concat(layer.name, ".", name(layer.directions.front()), ".weight_hr"));
      EDGEVAL_EXPECTS(form.projection >= 1 && form.projection <= kMaxWidth, fields.place(),
                      ": its weight_hr has ", form.projection, " rows, must have 1 to ", kMaxWidth);
    }
  }
  if (layer.kind == LayerKind::kGru)
    form.reset_before = fields.choice("reset", {"after", "before"}) == "before";
  if (layer.kind == LayerKind::kGru || layer.kind == LayerKind::kQrnn)
    form.unbiased = !fields.boolean("bias");
  if (layer.kind == LayerKind::kQrnn) form.window = fields.integer("window", 1, kMaxWindow);
  if (layer.kind == LayerKind::kSru || layer.kind == LayerKind::kQrnn)
    form.output_tanh = fields.choice("output", {"c", "tanh_c"}) == "tanh_c";
  return form;
}

RecurrentWeights read_weights(const RecurrentLayer& layer, const std::string& prefix,
                              Safetensors& file) {
  const Index cells = layer.cells, rows = layer.gates() * cells;
  const CellForm& form = layer.form;
  RecurrentWeights weights;
  weights.weight_ih = file.take_matrix(prefix + "weight_ih", rows, layer.product_inputs());
  if (layer.has_recurrent_product())
    weights.weight_hh = file.take_matrix(prefix + "weight_hh", rows, layer.recurrent());
  switch (layer.kind) {
    case LayerKind::kLstm:
      weights.bias = file.take_vector(prefix + "bias", rows);
      if (form.peepholes) weights.diagonal = file.take_matrix(prefix + "peephole", 3, cells);
      if (form.projection > 0)
        weights.weight_hr = file.take_matrix(prefix + "weight_hr", form.projection, cells);
      break;
    case LayerKind::kGru:
      if (form.unbiased) break;
      weights.bias = file.take_vector(prefix + "bias_ih", rows);
      weights.bias_hh = file.take_vector(prefix + "bias_hh", rows);
      break;
    case LayerKind::kSru:
      weights.bias = file.take_vector(prefix + "bias", 2 * cells);
      weights.diagonal = file.take_matrix(prefix + "weight_c", 2, cells);
      break;
    case LayerKind::kQrnn:
      if (!form.unbiased) weights.bias = file.take_vector(prefix + "bias", rows);
      break;
    case LayerKind::kLinear:
    case LayerKind::kAttention:
      EDGEVAL_ASSERT(!"another layer among the recurrent ones");
  }
  return weights;
}

RecurrentLayer read_recurrent(LayerKind kind, const Fields& fields, Safetensors& file) {
  RecurrentLayer layer;
  layer.kind = kind;
  layer.name = fields.text("name");
  layer.inputs = fields.integer("inputs", 1, kMaxWidth);
  layer.cells = fields.integer("cells", 1, kMaxWidth);
  layer.directions = read_directions(fields);
  layer.form = read_form(layer, fields, file);
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

LinearLayer read_linear(const Fields& fields, Safetensors& file) {
  LinearLayer layer;
  layer.name = fields.text("name");
  layer.inputs = fields.integer("inputs", 1, kMaxWidth);
  layer.width = fields.integer("outputs", 1, kMaxWidth);
  if (fields.has("activation")) layer.activation = read_activation(fields.object("activation"));
  layer.weight = file.take_matrix(layer.name + ".weight", layer.width, layer.inputs);
  layer.bias = file.take_vector(layer.name + ".bias", layer.width);
  return layer;
}

// The kind of a layer, after its keys were found to be those of the kind.
LayerKind read_kind(const Fields& fields) {
  static const std::map<LayerKind, std::vector<std::string>> keys{
      {LayerKind::kLstm, {"type", "name", "inputs", "cells", "direction"}},
      {LayerKind::kGru, {"type", "name", "inputs", "cells", "direction", "reset", "bias"}},
      {LayerKind::kSru, {"type", "name", "inputs", "cells", "direction", "output"}},
      {LayerKind::kQrnn,
       {"type", "name", "inputs", "cells", "direction", "window", "output", "bias"}},
      {LayerKind::kLinear, {"type", "name", "inputs", "outputs", "activation"}}};
  std::vector<std::string> known;
  for (const auto& [kind, wanted] : keys) known.push_back(name(kind));
  const std::string& type = fields.choice(
      "type", known, {"embedding", "encoder", "bridge", "decoder", "attention", "generator"});
  const LayerKind kind = *layer_kind(type);
  fields.expect_only(keys.at(kind));
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
    if (kind == LayerKind::kLinear)
      layers.emplace_back(read_linear(layer, file));
    else
      layers.emplace_back(read_recurrent(kind, layer, file));
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
