// The graph of a model from the JSON in its safetensors file; each layer then takes its tensors by
// name. Nothing here is allocated before the size was found to agree with the bytes in the file.
#include "host/model/file.hpp"

#include <algorithm>
#include <map>
#include <set>

#include "host/core/error.hpp"
#include "host/core/file.hpp"
#include "host/model/json.hpp"
#include "host/model/safetensors.hpp"

namespace edgeval {
namespace {

constexpr Index kMaxWidth =
    1 << 24;  // of any layer; keeps the products of two widths far from overflow

constexpr Index kMaxWindow = 1000;  // frames of a QRNN

// The type of the front end, after its keys were found to be those of the type.
const std::string& frontend_type(const Fields& fields) {
  const std::string& type = fields.choice("type", {"fbank", "mfcc"});
  if (type == "fbank")
    fields.expect_only({"type", "sample_rate", "frame_ms", "shift_ms", "mel_bins", "low_hz",
                        "high_hz", "preemphasis", "window", "dither", "cmvn", "cmvn_epsilon",
                        "deltas", "delta_window"});
  if (type == "mfcc")
    fields.expect_only({"type", "sample_rate", "frame_ms", "shift_ms", "mel_bins", "low_hz",
                        "high_hz", "preemphasis", "window", "dither", "cmvn", "cmvn_epsilon",
                        "cepstra", "lifter", "splice", "subsample"});
  return type;
}

Splice read_splice(const Fields& fields) {
  const Json& frames = fields.array("splice");
  const auto fits = [](const Json& n) { return n.is_number_integer() && n >= 0 && n <= 100; };
  EDGEVAL_EXPECTS(frames.size() == 2 && fits(frames[0]) && fits(frames[1]), fields.place(),
                  ": splice must be two whole numbers of frames, before and after, in [0, 100]");
  return {frames[0].get<int>(), frames[1].get<int>()};
}

FrontendConfig read_frontend(const Fields& fields) {
  FrontendConfig config;
  config.type = frontend_type(fields);
  config.sample_rate = static_cast<int>(fields.integer("sample_rate", 1000, 384000));
  const double sample_ms = 1000.0 / config.sample_rate;
  config.frame_ms = fields.number("frame_ms", 2 * sample_ms, 1000);
  config.shift_ms = fields.number("shift_ms", sample_ms, 1000);
  config.mel_bins = static_cast<int>(fields.integer("mel_bins", 1, 1000));
  config.high_hz = fields.number("high_hz", 0, config.sample_rate / 2.0);
  config.low_hz = fields.number("low_hz", 0, config.sample_rate / 2.0);
  EDGEVAL_EXPECTS(config.low_hz < config.high_hz, fields.place(), ": low_hz is ", config.low_hz,
                  ", must be below high_hz, which is ", config.high_hz);
  config.preemphasis = fields.number("preemphasis", 0, 1);
  config.window = fields.choice("window", {"povey"});
  config.dither = fields.number("dither", 0, 0);  // noise would make every run another
  config.cmvn = fields.choice("cmvn", {"none", "utterance"});
  config.cmvn_epsilon = fields.number("cmvn_epsilon", 1e-30, 1);
  if (config.is_mfcc()) {
    config.cepstra = static_cast<int>(fields.integer("cepstra", 1, config.mel_bins));
    config.lifter = static_cast<int>(fields.integer("lifter", 0, 1000));
    config.splice = read_splice(fields);
    config.subsample = static_cast<int>(fields.integer("subsample", 1, 100));
  } else {
    config.deltas = static_cast<int>(fields.integer("deltas", 0, 2));
    config.delta_window = static_cast<int>(fields.integer("delta_window", 1, 100));
  }
  return config;
}

std::vector<Direction> read_directions(const Fields& fields) {
  const std::string& direction = fields.choice("direction", {"forward", "backward", "both"});
  if (direction == "forward") return {Direction::kForward};
  if (direction == "backward") return {Direction::kBackward};
  return {Direction::kForward, Direction::kBackward};
}

// An optional tensor of an LSTM belongs to every direction or to none.
bool in_every_direction(const RecurrentLayer& layer, const std::string& tensor, const Safetensors& file,
                        const std::string& place) {
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
      form.projection = file.rows(concat(layer.name, ".", name(layer.directions.front()), ".weight_hr"));
      EDGEVAL_EXPECTS(form.projection >= 1 && form.projection <= kMaxWidth, fields.place(), ": its weight_hr has ",
                      form.projection, " rows, must have 1 to ", kMaxWidth);
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

RecurrentWeights read_weights(const RecurrentLayer& layer, const std::string& prefix, Safetensors& file) {
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
      if (form.projection > 0) weights.weight_hr = file.take_matrix(prefix + "weight_hr", form.projection, cells);
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
    case LayerKind::kLinear: EDGEVAL_ASSERT(!"a linear layer among the recurrent ones");
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
    layer.weights.push_back(read_weights(layer, concat(layer.name, ".", name(direction), "."), file));
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
      {LayerKind::kQrnn, {"type", "name", "inputs", "cells", "direction", "window", "output", "bias"}},
      {LayerKind::kLinear, {"type", "name", "inputs", "outputs", "activation"}}};
  std::vector<std::string> known;
  for (LayerKind kind : kLayerKinds) known.push_back(name(kind));
  const std::string& type = fields.choice(
      "type", known, {"embedding", "encoder", "bridge", "decoder", "attention", "generator"});
  const LayerKind kind = *layer_kind(type);
  fields.expect_only(keys.at(kind));
  return kind;
}

bool has_control(std::string_view text) {
  return std::any_of(text.begin(), text.end(), [](unsigned char c) { return c < 32 || c == 127; });
}

// What the next layer must take, and who gives it.
struct Width {
  Index width;
  std::string giver;
};

std::vector<Layer> read_layers(const Fields& fields, Safetensors& file, Width width) {
  const Json& list = fields.array("layers");
  EDGEVAL_EXPECTS(!list.empty(), fields.place(), ": layers is empty");
  std::vector<Layer> layers;
  std::set<std::string> names;
  for (std::size_t i = 0; i < list.size(); ++i) {
    const Fields entry(list[i], concat(fields.place(), ": layers[", i, "]"));
    const LayerKind kind = read_kind(entry);
    const std::string& name = entry.text("name");
    EDGEVAL_EXPECTS(!name.empty() && !has_control(name), entry.place(), ": name ", shown(name),
                    " is empty or holds control characters");
    EDGEVAL_EXPECTS(names.insert(name).second, entry.place(), ": name ", shown(name),
                    " belongs to an earlier layer");
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

}  // namespace

Model read_model(std::string_view bytes, const std::filesystem::path& path) {
  Model model;
  model.path = path.string();
  Safetensors file(bytes, model.path);
  const Json json = parse_json(file.metadata("edgeval"), model.path + ": edgeval");
  const Fields fields(json, model.path);
  fields.integer("format", 1, 1);
  model.task = fields.choice("task", {"ctc"}, {"translation"});
  fields.expect_only({"format", "name", "task", "frontend", "tokens", "blank", "layers"});
  model.name = fields.text("name");
  model.frontend = read_frontend(fields.object("frontend"));
  model.tokens = read_tokens(fields);
  const auto tokens = static_cast<Index>(model.tokens.size());
  model.blank = static_cast<int>(fields.integer("blank", 0, tokens - 1));
  model.layers = read_layers(fields, file, {model.frontend.features(), "the front end"});
  EDGEVAL_EXPECTS(model.outputs() == tokens, model.path, ": layer ",
                  shown(layer_name(model.layers.back())), ": gives ", model.outputs(),
                  " values, but there are ", tokens, " tokens");
  file.expect_all_taken();
  model.sha256 = sha256(bytes);
  return model;
}

Model load_model(const std::filesystem::path& path) { return read_model(read_file(path), path); }

}  // namespace edgeval
