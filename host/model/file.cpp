// The graph of a model from the JSON in its safetensors file; each layer then takes its tensors by
// name. Nothing here is allocated before the size was found to agree with the bytes in the file.
#include "host/model/file.hpp"

#include <algorithm>
#include <set>

#include "host/core/error.hpp"
#include "host/core/file.hpp"
#include "host/model/json.hpp"
#include "host/model/safetensors.hpp"

namespace edgeval {
namespace {

constexpr Index kMaxWidth =
    1 << 24;  // of any layer; keeps the products of two widths far from overflow

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

LstmLayer read_lstm(const Fields& fields, Safetensors& file) {
  LstmLayer layer;
  layer.name = fields.text("name");
  layer.inputs = fields.integer("inputs", 1, kMaxWidth);
  layer.cells = fields.integer("cells", 1, kMaxWidth);
  layer.directions = read_directions(fields);
  for (Direction direction : layer.directions) {
    const std::string prefix = concat(layer.name, ".", name(direction), ".");
    for (const char* optional : {"peephole", "weight_hr"})
      EDGEVAL_EXPECTS(!file.has(prefix + optional), fields.place(), ": tensor ",
                      shown(prefix + optional), " is not supported yet by this version of edgeval");
    LstmWeights weights;
    weights.weight_ih = file.take_matrix(prefix + "weight_ih", 4 * layer.cells, layer.inputs);
    weights.weight_hh = file.take_matrix(prefix + "weight_hh", 4 * layer.cells, layer.cells);
    weights.bias = file.take_vector(prefix + "bias", 4 * layer.cells);
    layer.weights.push_back(std::move(weights));
  }
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

// The type of a layer, after its keys were found to be those of the type.
const std::string& layer_type(const Fields& fields) {
  const std::string& type = fields.choice("type", {"lstm", "linear"},
                                          {"gru", "sru", "qrnn", "embedding", "encoder", "bridge",
                                           "decoder", "attention", "generator"});
  if (type == "lstm") fields.expect_only({"type", "name", "inputs", "cells", "direction"});
  if (type == "linear") fields.expect_only({"type", "name", "inputs", "outputs", "activation"});
  return type;
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
    const std::string& type = layer_type(entry);
    const std::string& name = entry.text("name");
    EDGEVAL_EXPECTS(!name.empty() && !has_control(name), entry.place(), ": name ", shown(name),
                    " is empty or holds control characters");
    EDGEVAL_EXPECTS(names.insert(name).second, entry.place(), ": name ", shown(name),
                    " belongs to an earlier layer");
    const Fields layer(list[i], concat(fields.place(), ": layer ", shown(name)));
    const Index inputs = layer.integer("inputs", 1, kMaxWidth);
    EDGEVAL_EXPECTS(inputs == width.width, layer.place(), ": inputs is ", inputs, ", but ",
                    width.giver, " gives ", width.width);
    if (type == "lstm") layers.emplace_back(read_lstm(layer, file));
    if (type == "linear") layers.emplace_back(read_linear(layer, file));
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
