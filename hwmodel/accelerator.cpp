// Reads accelerator files strictly: every key must be known and present, every number finite, every
// constant must have its source, every rule must name something that exists, every action must be
// used.
#include "hwmodel/accelerator.hpp"

#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <tuple>

#include "host/core/error.hpp"
#include "host/core/files/path.hpp"
#include "host/core/files/yaml_file.hpp"
#include "host/core/names.hpp"

namespace edgeval::hw {
namespace {

namespace fs = std::filesystem;

std::vector<std::string> count_keys() {
  std::vector<std::string> keys;
  for (const CountInfo& each : kCountInfo) keys.emplace_back(each.key);
  return keys;
}

// The checks that every part of a file needs. `what` names the part in messages, as "rule 3" or
// "component dram".
class Reader {
 public:
  explicit Reader(fs::path path) : path_(std::move(path)) {}

  template <class... Parts>
  [[noreturn]] void fail(const YAML::Node& node, const Parts&... parts) const {
    throw Error(concat(path_.string(), ":", std::max(node.Mark().line, 0) + 1, ": ", parts...));
  }

  // Returns the (key, value) pairs of a map in the order of the file. Refuses a key that comes
  // twice.
  std::vector<std::pair<std::string, YAML::Node>> pairs(const YAML::Node& node,
                                                        const std::string& what) const {
    if (!node.IsMap()) fail(node, what, " must be a map of keys");
    std::vector<std::pair<std::string, YAML::Node>> pairs;
    std::set<std::string> seen;
    for (const auto& pair : node) {
      const std::string key = text(pair.first, concat("a key of ", what));
      if (!seen.insert(key).second) fail(pair.first, what, ": key '", key, "' appears twice");
      pairs.emplace_back(key, pair.second);
    }
    return pairs;
  }

  void keys(const YAML::Node& node, const std::string& what, std::vector<std::string> required,
            const std::vector<std::string>& optional = {}) const {
    const auto present = pairs(node, what);
    for (const std::string& key : required)
      if (!node[key]) fail(node, what, ": key '", key, "' is missing");
    required.insert(required.end(), optional.begin(), optional.end());
    for (const auto& [key, value] : present)
      if (std::ranges::find(required, key) == required.end())
        fail(value, what, ": unknown key '", key, "'", suggestion(key, required));
  }

  std::string text(const YAML::Node& node, const std::string& what) const {
    if (!node.IsScalar() || node.Scalar().empty()) fail(node, what, " must be a text");
    return node.Scalar();
  }

  double number(const YAML::Node& node, const std::string& what) const {
    double value = 0;
    if (!node.IsScalar() || !YAML::convert<double>::decode(node, value) || !std::isfinite(value))
      fail(node, what, " must be a finite number", node.IsScalar() ? ", not " : "",
           node.IsScalar() ? node.Scalar() : "");
    return value;
  }

  double positive(const YAML::Node& node, const std::string& what) const {
    const double value = number(node, what);
    if (!(value > 0)) fail(node, what, " is ", value, ", must be positive");
    return value;
  }

  double not_negative(const YAML::Node& node, const std::string& what) const {
    const double value = number(node, what);
    if (value < 0) fail(node, what, " is ", value, ", must be 0 or more");
    return value;
  }

  // Reads {<value_key>: 3.2, range: [1.6, 6.4], source: "..."}, in which the range is optional.
  Constant constant(const YAML::Node& node, const std::string& value_key,
                    const std::string& what) const {
    keys(node, what, {value_key, "source"}, {"range"});
    Constant constant;
    constant.value = not_negative(node[value_key], concat(what, ": ", value_key));
    constant.low = constant.high = constant.value;
    constant.source = text(node["source"], concat(what, ": source"));
    if (const YAML::Node range = node["range"]) {
      if (!range.IsSequence() || range.size() != 2)
        fail(range, what, ": range must be [low, high]");
      constant.low = not_negative(range[0], concat(what, ": range"));
      constant.high = not_negative(range[1], concat(what, ": range"));
      if (!(constant.low <= constant.value && constant.value <= constant.high))
        fail(range, what, ": range [", constant.low, ", ", constant.high, "] does not hold ",
             constant.value);
    }
    return constant;
  }

  Count count(const std::string& key, const YAML::Node& node, const std::string& what) const {
    for (std::size_t i = 0; i < kCounts; ++i)
      if (kCountInfo[i].key == key) return static_cast<Count>(i);
    fail(node, what, ": unknown count '", key, "'", suggestion(key, count_keys()));
  }

 private:
  fs::path path_;
};

Component read_component(const Reader& reader, const std::string& name, const YAML::Node& node) {
  const std::string what = concat("component ", name);
  reader.keys(node, what, {"static_mw", "actions"}, {"notes"});
  Component component;
  component.name = name;
  if (node["notes"]) component.notes = reader.text(node["notes"], concat(what, ": notes"));
  component.static_milliwatts =
      reader.constant(node["static_mw"], "value", concat(what, ": static_mw"));
  for (const auto& [action, price] : reader.pairs(node["actions"], concat(what, ": actions")))
    component.actions.push_back(
        {action, reader.constant(price, "pj", concat(what, ", action ", action))});
  return component;
}

LayerKind read_kind(const Reader& reader, LayerKinds kinds, const YAML::Node& node,
                    const std::string& what) {
  const std::string kind = reader.text(node, concat(what, ": kind"));
  if (const std::optional<LayerKind> one = layer_kind(kind, kinds)) return *one;
  std::vector<std::string> known{"any"};
  for (LayerKind each : kinds) known.emplace_back(name(each));
  reader.fail(node, what, ": unknown kind '", kind, "'", suggestion(kind, known));
}

// Reads a kind, a list of kinds, or `any`.
std::vector<LayerKind> read_kinds(const Reader& reader, LayerKinds known, const YAML::Node& node,
                                  const std::string& what) {
  if (!node || (node.IsScalar() && node.Scalar() == "any")) return {};
  if (!node.IsSequence()) return {read_kind(reader, known, node, what)};
  std::vector<LayerKind> kinds;
  for (const YAML::Node& each : node) kinds.push_back(read_kind(reader, known, each, what));
  if (kinds.empty()) reader.fail(node, what, ": kind is empty");
  return kinds;
}

Work read_work(const Reader& reader, LayerKinds kinds, const YAML::Node& node,
               const std::string& what) {
  const std::string key = reader.text(node["count"], concat(what, ": count"));
  Work work{
      reader.count(key, node["count"], what), read_kinds(reader, kinds, node["kind"], what), {}};
  const YAML::Node times = node["times"];
  const std::string text = times ? reader.text(times, concat(what, ": times")) : "1";
  try {
    work.times = Expression::parse(text);
  } catch (const Error& error) {
    reader.fail(times, what, ": times ", error.what());
  }
  return work;
}

// Positions of elements by their names.
using Positions = std::map<std::string, std::size_t>;
template <class Named>
Positions positions_of(const std::vector<Named>& all) {
  Positions positions;
  for (const Named& each : all) positions.emplace(each.name, positions.size());
  return positions;
}

// Returns the position of the element that the node names. Messages call such an element `noun`.
template <class Named>
std::size_t find_named(const Reader& reader, const YAML::Node& node, const std::vector<Named>& all,
                       const Positions& positions, const std::string& noun,
                       const std::string& what) {
  const std::string name = reader.text(node, concat(what, ": ", noun));
  if (const auto found = positions.find(name); found != positions.end()) return found->second;
  std::vector<std::string> known;
  for (const Named& each : all) known.push_back(each.name);
  reader.fail(node, what, ": unknown ", noun, " '", name, "'", suggestion(name, known));
}

// Reads rules one after the other. Each names a component, an action and a count.
class RuleReader {
 public:
  RuleReader(const Reader& reader, LayerKinds kinds, const std::vector<Component>& components)
      : reader_(reader),
        kinds_(kinds),
        components_(components),
        positions_(positions_of(components)) {
    for (const Component& component : components)
      actions_.push_back(positions_of(component.actions));
  }

  EnergyRule read(const YAML::Node& node, const std::string& what) {
    reader_.keys(node, what, {"count", "component", "action"}, {"kind", "times", "note"});
    const std::size_t c =
        find_named(reader_, node["component"], components_, positions_, "component", what);
    const std::vector<Action>& actions = components_[c].actions;
    const std::size_t a = find_named(reader_, node["action"], actions, actions_[c], "action", what);
    EnergyRule rule{read_work(reader_, kinds_, node, what), c, a};
    std::vector<LayerKind>& charged = charged_[{c, a, rule.work.count}];
    for (const LayerKind kind : kinds_) {
      if (!rule.work.applies(kind)) continue;
      if (std::ranges::find(charged, kind) != charged.end())
        reader_.fail(node, what, ": charges ", components_[c].name, " ", actions[a].name, " for ",
                     info(rule.work.count).key, " a second time");
      charged.push_back(kind);
    }
    used_.emplace(c, a);
    return rule;
  }

  // `components` is the YAML map of all components.
  void expect_every_action_used(const YAML::Node& components) const {
    for (std::size_t c = 0; c < components_.size(); ++c)
      for (std::size_t a = 0; a < components_[c].actions.size(); ++a)
        if (!used_.contains({c, a}))
          reader_.fail(components[components_[c].name], "component ", components_[c].name,
                       ": no rule uses action ", components_[c].actions[a].name);
  }

 private:
  const Reader& reader_;
  const LayerKinds kinds_;
  const std::vector<Component>& components_;
  const Positions positions_;
  std::vector<Positions> actions_;  // for each component
  std::map<std::tuple<std::size_t, std::size_t, Count>, std::vector<LayerKind>> charged_;
  std::set<std::pair<std::size_t, std::size_t>> used_;
};

template <class Visit>
void each_item(const Reader& reader, const YAML::Node& node, const std::string& noun, Visit visit) {
  if (!node.IsSequence()) reader.fail(node, noun, "s must be a list");
  std::size_t number = 0;
  for (const YAML::Node& item : node) visit(item, concat(noun, " ", ++number));
}

// Reads the counts that cost nothing, and refuses a count that a rule prices.
void read_free(const Reader& reader, const YAML::Node& node, Accelerator& accelerator) {
  for (const auto& [key, reason] : reader.pairs(node, "free")) {
    const Count count = reader.count(key, reason, "free");
    for (const EnergyRule& rule : accelerator.rules)
      if (rule.work.count == count)
        reader.fail(reason, "free: ", key, " also has a rule; keep one of them");
    accelerator.free[static_cast<std::size_t>(count)] = reader.text(reason, concat("free: ", key));
  }
}

LowerBound read_lower_bound(const Reader& reader, const YAML::Node& node) {
  reader.keys(node, "lower_bound", {"counts", "reason"});
  LowerBound bound{{}, reader.text(node["reason"], "lower_bound: reason")};
  const YAML::Node counts = node["counts"];
  if (!counts.IsSequence() || counts.size() == 0)
    reader.fail(counts, "lower_bound: counts must be a list of counts");
  for (const YAML::Node& each : counts)
    bound.counts.push_back(
        reader.count(reader.text(each, "lower_bound: a count"), each, "lower_bound"));
  return bound;
}

}  // namespace

Accelerator load_accelerator(const fs::path& file, LayerKinds kinds) {
  const Reader reader(file);
  const YAML::Node root = load_yaml(file);
  reader.keys(
      root, "the accelerator",
      {"name", "description", "source", "technology", "components", "rules", "cycles", "free"},
      {"lower_bound"});
  Accelerator accelerator;
  accelerator.file = file.string();
  accelerator.name = reader.text(root["name"], "name");
  accelerator.description = reader.text(root["description"], "description");
  accelerator.source = reader.text(root["source"], "source");

  const YAML::Node technology = root["technology"];
  reader.keys(technology, "technology", {"node_nm", "frequency_hz", "voltage"});
  accelerator.node_nm = reader.positive(technology["node_nm"], "node_nm");
  accelerator.frequency_hz = reader.number(technology["frequency_hz"], "frequency_hz");
  if (!(accelerator.frequency_hz >= 1e3 && accelerator.frequency_hz <= 1e12))
    reader.fail(technology["frequency_hz"], "frequency_hz is ", accelerator.frequency_hz,
                ", must lie in [1e3, 1e12]");
  accelerator.voltage = reader.positive(technology["voltage"], "voltage");

  for (const auto& [name, node] : reader.pairs(root["components"], "components"))
    accelerator.components.push_back(read_component(reader, name, node));
  RuleReader rules(reader, kinds, accelerator.components);
  each_item(reader, root["rules"], "rule", [&](const YAML::Node& node, const std::string& what) {
    accelerator.rules.push_back(rules.read(node, what));
  });
  each_item(reader, root["cycles"], "cycle rule",
            [&](const YAML::Node& node, const std::string& what) {
              reader.keys(node, what, {"count"}, {"kind", "times", "note"});
              accelerator.cycles.push_back(read_work(reader, kinds, node, what));
            });
  if (accelerator.cycles.empty())
    reader.fail(root["cycles"], "cycles is empty; without one the work would take no time");
  read_free(reader, root["free"], accelerator);
  if (const YAML::Node bound = root["lower_bound"])
    accelerator.lower_bound = read_lower_bound(reader, bound);
  rules.expect_every_action_used(root["components"]);
  return accelerator;
}

std::vector<Accelerator> load_accelerators(const fs::path& folder, LayerKinds kinds) {
  EDGEVAL_EXPECTS(is_folder(folder), folder.string(), ": no such folder of accelerators");
  std::vector<Accelerator> accelerators;
  for (const fs::path& file : entries_of(folder))
    if (file.extension() == ".yaml") accelerators.push_back(load_accelerator(file, kinds));
  return accelerators;
}

Accelerator find_accelerator(const std::string& name_or_file, const fs::path& folder,
                             LayerKinds kinds) {
  const fs::path file = name_or_file;
  if (file.has_parent_path() || file.extension() == ".yaml") return load_accelerator(file, kinds);
  const std::vector<Accelerator> shipped = load_accelerators(folder, kinds);
  const auto found = std::ranges::find(shipped, name_or_file, &Accelerator::name);
  if (found != shipped.end()) return *found;
  std::vector<std::string> known;
  for (const Accelerator& each : shipped) known.push_back(each.name);
  throw Error(concat("unknown accelerator '", name_or_file, "'", suggestion(name_or_file, known),
                     " (or give the path of a .yaml file)"));
}

}  // namespace edgeval::hw
