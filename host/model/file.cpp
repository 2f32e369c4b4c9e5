// Makes the graph of a model from the JSON in its safetensors file; each layer then takes its
// tensors by name. Nothing is allocated here before its size was found to agree with the bytes in
// the file.
#include "host/model/file.hpp"

#include <limits>
#include <set>

#include "host/core/error.hpp"
#include "host/core/files/file.hpp"
#include "host/core/json.hpp"
#include "host/model/frontend_file.hpp"
#include "host/model/layer_file.hpp"
#include "host/model/safetensors.hpp"

namespace edgeval {

Model read_model(std::string_view bytes, const std::filesystem::path& path) {
  Model model;
  model.path = path.string();
  Safetensors file(bytes, model.path);
  const Json json = parse_json(file.metadata("edgeval"), model.path + ": edgeval");
  const Fields fields(json, model.path);
  Problems problems(model.path);
  problems.check([&] { fields.integer("format", 1, 1); });
  EDGEVAL_EXPECTS(
      !fields.has("task") || json["task"] != "translation", model.path,
      ": is a translation model, which edgeval run takes; a model of task ctc is wanted here");
  problems.check([&] { model.task = fields.choice("task", {"ctc"}); });
  problems.expect_only(json, model.path,
                       {"format", "name", "task", "frontend", "tokens", "blank", "layers"});
  problems.check([&] { model.name = fields.text("name"); });
  if (problems.check([&] { fields.object("frontend"); }))
    model.frontend = read_frontend(json["frontend"], model.path + ": frontend", problems);
  const bool known = problems.check([&] { model.tokens = read_tokens(fields); });
  const auto tokens = static_cast<Index>(model.tokens.size());
  problems.check([&] {
    const Index last = known ? tokens - 1 : std::numeric_limits<int>::max();
    model.blank = static_cast<int>(fields.integer("blank", 0, last));
  });
  problems.finish();
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
  return read_any_model(read_file(path), path);
}

AnyModel read_any_model(std::string_view bytes, const std::filesystem::path& path) {
  const std::string name = path.string();
  const Json json = parse_json(Safetensors(bytes, name).metadata("edgeval"), name + ": edgeval");
  const Fields fields(json, name);
  if (fields.choice("task", {"ctc", "translation"}) == "ctc")
    return std::make_shared<const Model>(read_model(bytes, path));
  return std::make_shared<const TranslationModel>(read_translation_model(bytes, name));
}

}  // namespace edgeval
