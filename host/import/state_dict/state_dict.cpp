#include "host/import/state_dict/state_dict.hpp"

#include <set>

#include "host/core/error.hpp"
#include "host/core/json.hpp"
#include "host/import/state_dict/description.hpp"
#include "host/import/state_dict/module_list.hpp"

namespace edgeval {
namespace {

// Returns a layer's name for people, also where the module has none.
std::string default_name(const Module& module) {
  if (!module.path.empty()) return module.path;
  return module.layers.empty() ? "output" : "rnn";
}

// Adds the layers of one module. If it has several, they are called NAME1, NAME2, ...
void add_module(SourceTensors& source, const Module& module, const std::string& name,
                const Json& activation, Imported& out) {
  OrderedJson& layers = out.model["layers"];
  if (module.layers.empty()) {
    layers.push_back(import_linear(source, module.path, name, out));
    if (!activation.is_null()) layers.back()["activation"] = activation;
    return;
  }
  for (std::size_t k = 0; k < module.layers.size(); ++k)
    layers.push_back(import_recurrent(source, module.layers[k],
                                      module.layers.size() == 1 ? name : concat(name, k + 1), out));
}

// The modules that a description names, each with its layer's name and activation. Modules that do
// not exist are problems.
struct Chosen {
  const Module* module = nullptr;
  std::string name;
  Json activation;
};
std::vector<Chosen> chosen(const ModuleList& modules, const Description& description,
                           Problems& problems) {
  std::vector<Chosen> all;
  for (const Description::Layer& layer : *description.layers)
    problems.check([&] {
      const Module& module = modules.at(layer.from, layer.place);
      EDGEVAL_EXPECTS(module.layers.empty() || layer.activation.is_null(), layer.place,
                      ": activation belongs to linear layers only");
      all.push_back({&module, layer.name.value_or(default_name(module)), layer.activation});
    });
  return all;
}

// Returns all modules, for a description that names none.
std::vector<Chosen> chained(const ModuleList& modules, bool in_order, Imported& out) {
  std::vector<Chosen> all;
  std::string order;
  bool moved = false;
  const std::vector<const Module*> chain = modules.chained();
  for (std::size_t i = 0; i < chain.size(); ++i) {
    moved = moved || chain[i] != &modules.all()[i];
    order += concat(i == 0 ? "" : ", ", default_name(*chain[i]));
    all.push_back({chain[i], default_name(*chain[i]), {}});
  }
  if (moved || (!in_order && chain.size() > 1))
    out.notes.push_back(concat(
        "layers are taken in the order ", order,
        moved ? ", in which their widths fit together" : ", since a file of safetensors keeps none",
        "; \"layers\" of the description says another"));
  return all;
}

// Ignores the tensors whose names start with one of the texts under `ignore`.
void ignore_tensors(SourceTensors& source, const Description& description, const std::string& path,
                    Imported& out, Problems& problems) {
  std::set<std::string> known(out.left_out.begin(), out.left_out.end());
  for (const std::string& start : description.ignore)
    problems.check([&] {
      const std::vector<std::string> names = source.ignore(start);
      EDGEVAL_EXPECTS(!names.empty(), path, ": ignore: no tensor's name starts with ",
                      shown(start));
      for (const std::string& name : names)
        if (known.insert(name).second) out.left_out.push_back(name);
    });
}

}  // namespace

Imported import_state_dict(StateDict dict, const std::string& name, const std::string& describe) {
  SourceTensors& source = dict.source;
  if (describe.empty())
    throw Error(
        concat(source.path(),
               ": a state dict does not say what its inputs and outputs are; give the task, "
               "front end and tokens by --describe FILE, which --template fbank begins "
               "(docs/formats/import.md). Found: ",
               find_modules(source).summary()));
  Imported out;
  out.left_out = dict.left_out;
  Problems problems(describe);
  const Description description = read_description(describe, problems);
  ignore_tensors(source, description, describe, out, problems);
  const ModuleList modules = find_modules(source);
  const std::vector<Chosen> layers = description.layers ? chosen(modules, description, problems)
                                                        : chained(modules, dict.in_order, out);
  problems.finish();
  out.filled_in = description.filled_in;
  out.model = {{"format", 1},
               {"name", description.name.value_or(name)},
               {"task", description.task},
               {"frontend", description.frontend},
               {"tokens", description.tokens},
               {"blank", description.blank},
               {"layers", OrderedJson::array()}};
  for (const Chosen& layer : layers)
    add_module(source, *layer.module, layer.name, layer.activation, out);
  for (const std::string& other : source.expect_all_taken(
           "of no module that --describe names, or none that edgeval has (LSTM, GRU, their cells, "
           "Linear); if the network runs without it, name it under \"ignore\" of --describe"))
    out.left_out.push_back(other);
  if (!description.filled_in.empty()) {
    std::string text;
    for (const auto& [key, value] : description.filled_in.items())
      text += concat(text.empty() ? "" : ", ", key, " ", value.dump());
    out.notes.push_back("frontend: filled in with Kaldi's defaults: " + text);
  }
  return out;
}

}  // namespace edgeval
