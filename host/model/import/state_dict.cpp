#include "host/model/import/state_dict.hpp"

#include <algorithm>
#include <array>

#include "host/core/error.hpp"
#include "host/core/file.hpp"
#include "host/core/json.hpp"
#include "host/core/names.hpp"
#include "host/model/import/modules.hpp"
#include "host/model/safetensors.hpp"

namespace edgeval {
namespace {

using pickle::Kind;
using pickle::Value;

// A module by the names of its tensors: "rnn" for rnn.weight_ih_l0, "" for weight_ih_l0.
struct Module {
  std::string path;
  std::vector<std::vector<DirectionNames>> layers;  // of a recurrent one; empty: linear
};

std::string prefix_of(const std::string& path) { return path.empty() ? "" : path + "."; }

// The state dict: the root, or the entry of a checkpoint that holds it. What else the checkpoint
// has goes to `left_out`.
const Value& find_dict(const TorchArchive& archive, std::vector<std::string>& left_out) {
  for (const char* entry : {"state_dict", "model_state_dict", "model"}) {
    const Value* dict = pickle::find(archive.root(), entry);
    if (dict == nullptr || pickle::entries(*dict).empty()) continue;
    for (const auto& [key, value] : pickle::entries(archive.root()))
      if (value != dict)
        left_out.push_back(key->kind == Kind::kText ? std::string(key->text) : described(*key));
    return *dict;
  }
  EDGEVAL_EXPECTS(!pickle::entries(archive.root()).empty(), archive.path(), ": holds ",
                  described(archive.root()),
                  ", must be a state dict or a checkpoint with one; torch.save(model.state_dict(), "
                  "FILE) makes it");
  return archive.root();
}

// The modules in the order in which their first tensors stand in the file.
class Modules {
 public:
  explicit Modules(const SourceTensors& source) : source_(source) {
    for (const std::string& name : source.names()) {
      const std::size_t dot = name.rfind('.');
      const std::string path = dot == std::string::npos ? "" : name.substr(0, dot);
      const std::string tensor = name.substr(dot == std::string::npos ? 0 : dot + 1);
      if (tensor == "weight_ih") add({path, {{{prefix_of(path), ""}}}});
      if (tensor == "weight_ih_l0") add({path, stack(path)});
      if (tensor == "weight" && source.shape(name).size() == 2) add({path, {}});
    }
  }

  const std::vector<Module>& all() const { return modules_; }

  const Module& at(const std::string& path, const std::string& place) const {
    std::vector<std::string> known;
    for (const Module& module : modules_) {
      if (module.path == path) return module;
      known.push_back(module.path);
    }
    throw Error(
        concat(place, ": the state dict has no module ", shown(path), suggestion(path, known)));
  }

  // "rnn (LSTM 40 -> 64, 2 layers, both directions), fc (linear 128 -> 29)"
  std::string summary() const {
    std::string text;
    for (const Module& module : modules_) {
      text +=
          concat(text.empty() ? "" : ", ", module.path.empty() ? "at the root" : module.path, " (");
      if (module.layers.empty()) {
        const std::vector<Index>& shape = source_.shape(prefix_of(module.path) + "weight");
        text += concat("linear ", shape[1], " -> ", shape[0], ")");
        continue;
      }
      const RecurrentShape first = recurrent_shape(source_, module.layers.front());
      text += concat(first.type, " ", first.inputs, " -> ", first.outputs(), ", ",
                     module.layers.size(), module.layers.size() == 1 ? " layer" : " layers",
                     first.directions == 2 ? ", both directions)" : ")");
    }
    return text;
  }

 private:
  void add(Module module) {
    EDGEVAL_EXPECTS(std::none_of(modules_.begin(), modules_.end(),
                                 [&](const Module& m) { return m.path == module.path; }),
                    source_.path(), ": module ", shown(module.path),
                    ": has tensors of two kinds of modules");
    modules_.push_back(std::move(module));
  }
  std::vector<std::vector<DirectionNames>> stack(const std::string& path) const {
    std::vector<std::vector<DirectionNames>> layers;
    for (;;) {
      const DirectionNames forward{prefix_of(path), concat("_l", layers.size())};
      const DirectionNames backward{prefix_of(path), concat("_l", layers.size(), "_reverse")};
      if (!source_.has(forward("weight_ih"))) return layers;
      layers.push_back({forward});
      if (source_.has(backward("weight_ih"))) layers.back().push_back(backward);
    }
  }

  const SourceTensors& source_;
  std::vector<Module> modules_;
};

// Adds the layers of one module. A module of several layers gives NAME1, NAME2, ...
void add_module(SourceTensors& source, const Module& module, const std::string& name,
                const Json* activation, Imported& out) {
  OrderedJson& layers = out.model["layers"];
  if (module.layers.empty()) {
    layers.push_back(import_linear(source, module.path, name, out));
    if (activation != nullptr) layers.back()["activation"] = *activation;
    return;
  }
  for (std::size_t k = 0; k < module.layers.size(); ++k)
    layers.push_back(import_recurrent(source, module.layers[k],
                                      module.layers.size() == 1 ? name : concat(name, k + 1), out));
}

// Layer names for people where the module has none.
std::string default_name(const Module& module) {
  if (!module.path.empty()) return module.path;
  return module.layers.empty() ? "output" : "rnn";
}

void add_described(SourceTensors& source, const Modules& modules, const Fields& fields,
                   Imported& out) {
  if (!fields.has("layers")) {
    for (const Module& module : modules.all())
      add_module(source, module, default_name(module), nullptr, out);
    return;
  }
  const Json& list = fields.array("layers");
  for (std::size_t i = 0; i < list.size(); ++i) {
    const Fields layer(list[i], concat(fields.place(), ": layers[", i, "]"));
    layer.expect_only({"from", "name", "activation"});
    const Module& module = modules.at(layer.text("from"), layer.place());
    EDGEVAL_EXPECTS(module.layers.empty() || !layer.has("activation"), layer.place(),
                    ": activation belongs to linear layers only");
    const Json* activation = layer.has("activation") ? &list[i].at("activation") : nullptr;
    add_module(source, module, layer.has("name") ? layer.text("name") : default_name(module),
               activation, out);
  }
}

// Tensors whose names start with one of the texts under `ignore` are left out.
void ignore_tensors(SourceTensors& source, const Fields& fields, Imported& out) {
  if (!fields.has("ignore")) return;
  for (const Json& prefix : fields.array("ignore")) {
    EDGEVAL_EXPECTS(prefix.is_string() && prefix != "", fields.place(),
                    ": ignore must be texts that tensors' names start with");
    bool used = false;
    for (const std::string& name : source.names()) {
      if (!name.starts_with(prefix.get_ref<const std::string&>())) continue;
      source.ignore(name);
      out.left_out.push_back(name);
      used = true;
    }
    EDGEVAL_EXPECTS(used, fields.place(), ": ignore: no tensor's name starts with ",
                    shown(prefix.get<std::string>()));
  }
}

}  // namespace

Imported import_state_dict(const TorchArchive& archive, const std::string& name,
                           const std::string& describe) {
  Imported out;
  out.kind = "PyTorch state dict";
  SourceTensors source(archive);
  source.add(find_dict(archive, out.left_out));
  const Modules modules(source);
  EDGEVAL_EXPECTS(!modules.all().empty(), archive.path(),
                  ": no LSTM, GRU or Linear module among its ", source.names().size(), " tensors");
  EDGEVAL_EXPECTS(!describe.empty(), archive.path(),
                  ": a state dict does not say what its inputs and outputs are; give the task, "
                  "front end and tokens by "
                  "--describe FILE (docs/formats.md, \"Import\"). Found: ",
                  modules.summary());
  const std::string text = read_file(describe);
  expect_utf8(text, describe);
  const Json json = parse_json(text, describe);
  const Fields fields(json, describe);
  fields.expect_only({"name", "task", "frontend", "tokens", "blank", "layers", "ignore"});
  out.model = {{"format", 1}, {"name", fields.has("name") ? fields.text("name") : name}};
  const OrderedJson ordered = OrderedJson::parse(text);  // keeps the order of the keys
  for (const char* key : {"task", "frontend", "tokens", "blank"}) {
    EDGEVAL_EXPECTS(fields.has(key), describe, ": key ", shown(key), " is missing");
    out.model[key] = ordered[key];
  }
  out.model["layers"] = OrderedJson::array();
  ignore_tensors(source, fields, out);
  add_described(source, modules, fields, out);
  source.expect_all_taken(
      "of no module that --describe names, or none that edgeval has (LSTM, GRU, their cells, "
      "Linear); "
      "if the network runs without it, name it under \"ignore\" of --describe");
  return out;
}

}  // namespace edgeval
