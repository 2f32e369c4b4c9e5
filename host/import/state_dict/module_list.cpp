#include "host/import/state_dict/module_list.hpp"

#include <algorithm>

#include "host/core/error.hpp"
#include "host/core/json.hpp"
#include "host/core/names.hpp"
#include "host/import/state_dict/weight_norm.hpp"

namespace edgeval {
namespace {

// The most modules for which another order is sought, as that takes time in proportion to the cube
// of their number.
constexpr std::size_t kMostReordered = 300;

std::string prefix_of(const std::string& path) { return path.empty() ? "" : path + "."; }

// Whether each module takes what the one before it gives.
bool is_chain(const std::vector<const Module*>& modules) {
  for (std::size_t i = 1; i < modules.size(); ++i)
    if (modules[i]->inputs != modules[i - 1]->outputs) return false;
  return true;
}

}  // namespace

ModuleList::ModuleList(const SourceTensors& source) : source_(source) {
  for (const std::string& name : source.names()) {
    const std::size_t dot = name.rfind('.');
    const std::string path = dot == std::string::npos ? "" : name.substr(0, dot);
    const std::string tensor = name.substr(dot == std::string::npos ? 0 : dot + 1);
    if (tensor == "weight_ih") add({path, {{{prefix_of(path), ""}}}});
    if (tensor == "weight_ih_l0") add({path, stack(path)});
    if (tensor == "weight" && source.shape(name).size() == 2) add({path, {}});
  }
}

void ModuleList::add(Module module) {
  EDGEVAL_EXPECTS(places_.emplace(module.path, modules_.size()).second, source_.path(), ": module ",
                  shown(module.path), ": has tensors of two kinds of modules");
  if (module.layers.empty()) {
    const std::vector<Index>& shape = source_.shape(prefix_of(module.path) + "weight");
    module.inputs = shape[1];
    module.outputs = shape[0];
  } else {
    module.inputs = recurrent_shape(source_, module.layers.front()).inputs;
    module.outputs = recurrent_shape(source_, module.layers.back()).outputs();
  }
  modules_.push_back(std::move(module));
}

std::vector<std::vector<DirectionNames>> ModuleList::stack(const std::string& path) const {
  std::vector<std::vector<DirectionNames>> layers;
  for (;;) {
    const DirectionNames forward{prefix_of(path), concat("_l", layers.size())};
    const DirectionNames backward{prefix_of(path), concat("_l", layers.size(), "_reverse")};
    if (!source_.has(forward("weight_ih"))) return layers;
    layers.push_back({forward});
    if (source_.has(backward("weight_ih"))) layers.back().push_back(backward);
  }
}

const Module& ModuleList::at(const std::string& path, const std::string& place) const {
  const auto found = places_.find(source_.without_prefix(path));
  if (found != places_.end()) return modules_[found->second];
  std::vector<std::string> known;
  for (const Module& module : modules_) known.push_back(module.path);
  throw Error(
      concat(place, ": the state dict has no module ", shown(path), suggestion(path, known)));
}

std::vector<const Module*> ModuleList::chained() const {
  std::vector<const Module*> file;
  for (const Module& module : modules_) file.push_back(&module);
  if (is_chain(file) || file.size() > kMostReordered) return file;
  for (std::size_t first = 0; first < file.size(); ++first) {
    std::vector<const Module*> rest = file, chain;
    for (auto next = rest.begin() + static_cast<std::ptrdiff_t>(first); next != rest.end();) {
      chain.push_back(*next);
      rest.erase(next);
      next = std::find_if(rest.begin(), rest.end(),
                          [&](auto* m) { return m->inputs == chain.back()->outputs; });
    }
    if (rest.empty()) return chain;
  }
  return file;
}

std::string ModuleList::summary() const {
  std::string text;
  for (const Module& module : modules_) {
    text +=
        concat(text.empty() ? "" : ", ", module.path.empty() ? "at the root" : module.path, " (");
    if (module.layers.empty()) {
      text += concat("linear ", module.inputs, " -> ", module.outputs, ")");
      continue;
    }
    const RecurrentShape first = recurrent_shape(source_, module.layers.front());
    text += concat(first.type, " ", first.inputs, " -> ", first.outputs(), ", ",
                   module.layers.size(), module.layers.size() == 1 ? " layer" : " layers",
                   first.directions == 2 ? ", both directions)" : ")");
  }
  return text;
}

ModuleList find_modules(SourceTensors& source) {
  source.drop_common_prefix();
  resolve_parametrizations(source);
  ModuleList modules(source);
  EDGEVAL_EXPECTS(!modules.all().empty(), source.path(),
                  ": no LSTM, GRU or Linear module among its ", source.names().size(), " tensors");
  return modules;
}

}  // namespace edgeval
