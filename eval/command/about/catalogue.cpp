#include "eval/command/about/catalogue.hpp"

#include <algorithm>

#include "eval/command/options/common_options.hpp"
#include "eval/policy/choices.hpp"
#include "eval/policy/policy.hpp"
#include "host/core/error.hpp"
#include "host/core/names.hpp"
#include "host/core/text.hpp"
#include "host/layer/kinds.hpp"
#include "host/technique/papers.hpp"

namespace edgeval {

using nlohmann::ordered_json;

namespace {

// The papers that accelerators come from, each with the word by which the source of an accelerator
// names it.
struct Paper {
  std::string_view mark, citation;
};
constexpr Paper kPapers[] = {
    {"P0", kPaperP0},
    {"P1", kPaperP1},
    {"P2", kPaperP2},
    {"P3", kPaperP3},
    {"2202.06563", kPaperMemoization},
    {"1711.07480", "Silfa, Dot, Arnau, Gonzalez, E-PUR, 2017, arXiv 1711.07480"}};

// Returns the citations of the papers that the source of an accelerator names. "P10" does not name
// "P1".
ordered_json papers_in(const std::string& source) {
  ordered_json papers = ordered_json::array();
  for (const Paper& paper : kPapers) {
    const std::size_t at = source.find(paper.mark);
    if (at == std::string::npos) continue;
    const std::size_t end = at + paper.mark.size();
    if (end < source.size() && is_digit(source[end])) continue;
    papers.push_back(paper.citation);
  }
  return papers;
}

template <class Technique>
ordered_json papers_of() {
  ordered_json papers = ordered_json::array();
  if constexpr (paper_of<Technique>() != nullptr) papers.push_back(paper_of<Technique>());
  return papers;
}

template <class Value>
ordered_json words_of(Value) {
  return nullptr;
}
template <class Word>
requires std::is_enum_v<Word> ordered_json words_of(Word word) {
  ordered_json words = ordered_json::array();
  for (const auto each : names(word)) words.push_back(each);
  return words;
}

template <class Technique>
ordered_json parameters(const Technique& technique) {
  ordered_json all = ordered_json::array();
  const ordered_json defaults = technique_to_json(technique);
  const auto add = [&](const char* field, auto value, const char* meaning, Origin origin = {}) {
    const WrittenKey written = written_key(field);
    if (written.high) return;
    const bool inner = !written.group.empty();
    const ordered_json& standard =
        inner ? defaults[written.group][written.key] : defaults[written.key];
    const bool chosen = must_be_chosen<Technique>(field);
    ordered_json parameter{{"key", inner ? written.group + "." + written.key : written.key},
                           {"default", chosen ? ordered_json(nullptr) : standard},
                           {"meaning", meaning},
                           {"from_profile", origin != Origin::kPolicy},
                           {"must_be_given", chosen}};
    if (const ordered_json words = words_of(value); !words.is_null()) parameter["words"] = words;
    all.push_back(std::move(parameter));
  };
  technique.fields(technique, add);
  return all;
}

template <class Choice>
ordered_json axis() {
  ordered_json all = ordered_json::array();
  for_each_technique<Choice>([&]<class Technique>(const Technique& technique) {
    all.push_back({{"type", technique.kName},
                   {"meaning", technique.kMeaning},
                   {"papers", papers_of<Technique>()},
                   {"parameters", parameters(technique)}});
  });
  return all;
}

const char* meaning(LayerKind kind) {
  return AllKinds::visit(kind, []<class Kind>(Kind) { return Kind::kMeaning; });
}

ordered_json layers() {
  ordered_json all = ordered_json::array();
  for (LayerKind kind : kLayerKinds)
    all.push_back({{"type", name(kind)}, {"meaning", meaning(kind)}});
  return all;
}

// Returns the shape of a layer of this kind, with a size that every rule can price.
LayerShape sample(LayerKind kind, int bits) {
  constexpr Index kWidth = 128;
  const CellBlocks blocks = AllKinds::visit(kind, []<class Kind>(Kind) {
    if constexpr (std::is_base_of_v<RecurrentKind, Kind>)
      return Kind::blocks(kWidth, kWidth, {});
    else
      return CellBlocks{.gates = 1, .at_once = 0};
  });
  return {.name = "sample",
          .kind = kind,
          .inputs = kWidth,
          .recurrent = blocks.at_once > 0 ? kWidth : 0,
          .outputs = kWidth,
          .gates = blocks.gates,
          .weight_bits = bits};
}

bool prices(const hw::Accelerator& accelerator, const LayerActivity& layer) {
  return !hw::cannot_price(accelerator, {{layer}});
}

// Returns the keys of the counts that the accelerator can price in no kind of layer.
ordered_json refused_counts(const hw::Accelerator& accelerator) {
  ordered_json keys = ordered_json::array();
  for (std::size_t i = 0; i < kCounts; ++i) {
    const bool priced = std::ranges::any_of(kLayerKinds, [&](LayerKind kind) {
      LayerActivity layer{.shape = sample(kind, 32)};
      layer.counts[i] = 1;
      return prices(accelerator, layer);
    });
    if (!priced) keys.push_back(kCountInfo[i].key);
  }
  return keys;
}

ordered_json to_json(const hw::Constant& constant, const char* unit) {
  return {{unit, constant.value},
          {"range", {constant.low, constant.high}},
          {"source", constant.source}};
}

ordered_json components_of(const hw::Accelerator& accelerator) {
  ordered_json components = ordered_json::array();
  for (const hw::Component& component : accelerator.components) {
    ordered_json actions = ordered_json::object();
    for (const hw::Action& action : component.actions)
      actions[action.name] = to_json(action.picojoules, "pj");
    components.push_back({{"name", component.name},
                          {"notes", component.notes},
                          {"static", to_json(component.static_milliwatts, "mw")},
                          {"actions", actions}});
  }
  return components;
}

ordered_json to_json(const hw::Accelerator& accelerator) {
  constexpr std::pair<const char*, int> kArithmetics[] = {{"fp32", 32}, {"int16", 16}, {"int8", 8}};
  ordered_json arithmetics = ordered_json::array(), kinds = ordered_json::array();
  const auto prices_dense = [&](LayerKind kind, int bits) {
    return prices(accelerator, dense_counts(sample(kind, bits), 1, 2));
  };
  for (const auto& [arithmetic, bits] : kArithmetics)
    if (prices_dense(kLinear, bits)) arithmetics.push_back(arithmetic);
  for (LayerKind kind : kLayerKinds)
    if (std::ranges::any_of(kArithmetics, [&](const auto& arithmetic) {
          return prices_dense(kind, arithmetic.second);
        }))
      kinds.push_back(name(kind));
  return {{"name", accelerator.name},
          {"description", accelerator.description},
          {"source", accelerator.source},
          {"papers", papers_in(accelerator.source)},
          {"node_nm", accelerator.node_nm},
          {"frequency_hz", accelerator.frequency_hz},
          {"voltage", accelerator.voltage},
          {"prices", arithmetics},
          {"layers", kinds},
          {"refuses", refused_counts(accelerator)},
          {"lower_bound", accelerator.lower_bound.reason},
          {"components", components_of(accelerator)}};
}

// Returns the entries of a list whose `key` has the value `name`. Adds the values of all entries to
// `known`.
ordered_json named(const ordered_json& list, const char* key, const std::string& name,
                   std::vector<std::string>& known) {
  ordered_json found = ordered_json::array();
  for (const ordered_json& entry : list) {
    known.push_back(entry[key]);
    if (entry[key] == name) found.push_back(entry);
  }
  return found;
}

}  // namespace

ordered_json catalogue() {
  ordered_json accelerators = ordered_json::array();
  for (const hw::Accelerator& accelerator :
       hw::load_accelerators(accelerator_folder(), kLayerKinds))
    accelerators.push_back(to_json(accelerator));
  return {{"axes",
           {{"arithmetic", axis<Arithmetic>()},
            {"weights", axis<Weights>()},
            {"nonlinearity", axis<Nonlinearity>()},
            {"plan", axis<Plan>()},
            {"operand", axis<OperandChoice>()},
            {"beam", axis<Beam>()}}},
          {"layers", layers()},
          {"accelerators", accelerators}};
}

ordered_json catalogue_of(const std::string& name) {
  const ordered_json all = catalogue();
  std::vector<std::string> known;
  ordered_json found{{"axes", ordered_json::object()}};
  for (const auto& [axis, choices] : all["axes"].items()) {
    known.push_back(axis);
    const ordered_json techniques = named(choices, "type", name, known);
    if (axis == name)
      found["axes"][axis] = choices;
    else if (!techniques.empty())
      found["axes"][axis] = techniques;
  }
  found["layers"] = named(all["layers"], "type", name, known);
  found["accelerators"] = named(all["accelerators"], "name", name, known);
  if (!found["axes"].empty() || !found["layers"].empty() || !found["accelerators"].empty())
    return found;
  const std::string near = suggestion(name, known);  // the nearest name, or all known names
  throw Error(concat("unknown name ", name, near.starts_with("; known") ? "" : near,
                     " (edgeval info lists what there is)"));
}

}  // namespace edgeval
