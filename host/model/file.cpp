// The graph of a model from the JSON in its safetensors file; each layer then takes its tensors by
// name. Nothing here is allocated before the size was found to agree with the bytes in the file.
#include "host/model/file.hpp"

#include <set>

#include "host/core/error.hpp"
#include "host/core/file.hpp"
#include "host/core/json.hpp"
#include "host/model/layer_file.hpp"
#include "host/model/safetensors.hpp"

namespace edgeval {
namespace {

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

}  // namespace

Model read_model(std::string_view bytes, const std::filesystem::path& path) {
  Model model;
  model.path = path.string();
  Safetensors file(bytes, model.path);
  const Json json = parse_json(file.metadata("edgeval"), model.path + ": edgeval");
  const Fields fields(json, model.path);
  fields.integer("format", 1, 1);
  EDGEVAL_EXPECTS(
      fields.text("task") != "translation", model.path,
      ": is a translation model, which edgeval run takes; a model of task ctc is wanted here");
  model.task = fields.choice("task", {"ctc"});
  fields.expect_only({"format", "name", "task", "frontend", "tokens", "blank", "layers"});
  model.name = fields.text("name");
  model.frontend = read_frontend(fields.object("frontend"));
  model.tokens = read_tokens(fields);
  const auto tokens = static_cast<Index>(model.tokens.size());
  model.blank = static_cast<int>(fields.integer("blank", 0, tokens - 1));
  std::set<std::string> names;
  model.layers = read_layers(fields, file, {model.frontend.features(), "the front end"}, names);
  EDGEVAL_EXPECTS(model.outputs() == tokens, model.path, ": layer ",
                  shown(layer_name(model.layers.back())), ": gives ", model.outputs(),
                  " values, but there are ", tokens, " tokens");
  file.expect_all_taken();
  model.sha256 = sha256(bytes);
  return model;
}

Model load_model(const std::filesystem::path& path) { return read_model(read_file(path), path); }

AnyModel load_any_model(const std::filesystem::path& path) {
  const std::string bytes = read_file(path), name = path.string();
  const Json json = parse_json(Safetensors(bytes, name).metadata("edgeval"), name + ": edgeval");
  const Fields fields(json, name);
  if (fields.choice("task", {"ctc", "translation"}) == "ctc") return read_model(bytes, path);
  return read_translation_model(bytes, name);
}

}  // namespace edgeval
