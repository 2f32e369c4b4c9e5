#include "host/import/state_dict/weight_norm.hpp"

#include "host/core/error.hpp"
#include "host/core/json.hpp"

namespace edgeval {
namespace {

bool cut_end(std::string& name, std::string_view end) {
  if (!name.ends_with(end)) return false;
  name.resize(name.size() - end.size());
  return true;
}

// The parts of a name FC.parametrizations.WEIGHT.REST; parse() returns false for any other name.
struct Parametrized {
  std::string module, tensor, rest;  // `module` ends in its dot
};
bool parse(const std::string& name, Parametrized& out) {
  const std::string middle = "parametrizations.";
  const std::size_t at = name.find(middle);
  if (at == std::string::npos || (at > 0 && name[at - 1] != '.')) return false;
  const std::size_t tensor = at + middle.size(), dot = name.find('.', tensor);
  if (dot == std::string::npos) return false;
  out = {name.substr(0, at), name.substr(tensor, dot - tensor), name.substr(dot + 1)};
  return true;
}

void expect_no_original(const SourceTensors& source, const std::string& name) {
  std::string base = name;
  if (!cut_end(base, "_orig")) return;
  const bool pruned = source.has(base + "_mask"), spectral = source.has(base + "_u");
  if (!pruned && !spectral) return;
  throw Error(concat(source.place(name), ": is the part of a ",
                     pruned ? "pruned weight; bake it in with torch.nn.utils.prune.remove"
                            : "spectral norm; bake it in with torch.nn.utils.remove_spectral_norm",
                     " and save anew"));
}

}  // namespace

void resolve_parametrizations(SourceTensors& source) {
  for (const std::string& name : source.names()) {
    expect_no_original(source, name);
    std::string base = name;
    if (cut_end(base, "_g") && source.has(base + "_v") && !source.has(base)) {
      source.add_weight_norm(base, name, base + "_v");
      continue;
    }
    Parametrized part;
    if (!parse(name, part)) continue;
    const std::string start = concat(part.module, "parametrizations.", part.tensor, ".");
    const bool pair = source.has(start + "original0") && source.has(start + "original1");
    EDGEVAL_EXPECTS(pair && part.rest.starts_with("original"), source.place(name),
                    ": is the part of a parametrization that is no weight_norm; bake it in with "
                    "torch.nn.utils.parametrize.remove_parametrizations(module, ",
                    shown(part.tensor), ") and save anew");
    if (part.rest == "original0")
      source.add_weight_norm(part.module + part.tensor, name, start + "original1");
  }
}

}  // namespace edgeval
