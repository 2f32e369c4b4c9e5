// Reads a policy from YAML: axes, each with its type and the type's keys, for the whole network and
// for single layers (docs/formats/policy.md). Every refusal names the file, the key and the nearest
// known key.
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <set>

#include "datasets/text/file_kind.hpp"
#include "eval/policy/choices.hpp"
#include "eval/policy/named_point.hpp"
#include "eval/policy/policy.hpp"
#include "eval/policy/settings.hpp"
#include "host/core/error.hpp"
#include "host/core/files/file.hpp"
#include "host/core/files/path.hpp"
#include "host/core/files/yaml_file.hpp"
#include "host/core/names.hpp"

namespace edgeval {
namespace {

// A place in a file, for error messages: "skip.yaml: plan.threshold".
struct Place {
  std::string file;
  std::string key;

  Place inside(const std::string& inner) const {
    return {file, key.empty() ? inner : key + "." + inner};
  }
  std::string text() const { return key.empty() ? file : file + ": " + key; }
};

// Throws Error unless the node is a map with keys from `known`, each given once. With `known` empty
// all keys are allowed. `example` is a map in YAML; `hint` follows the message about an unknown
// key.
void expect_map(const YAML::Node& node, const Place& place, const std::vector<std::string>& known,
                const std::string& example, const char* hint = "") {
  EDGEVAL_EXPECTS(node.IsMap(), place.text(), ": must be a map such as ", example);
  std::set<std::string> seen;
  for (const auto& entry : node) {
    EDGEVAL_EXPECTS(entry.first.IsScalar(), place.text(), ": keys must be names");
    const std::string& key = entry.first.Scalar();
    EDGEVAL_EXPECTS(seen.insert(key).second, place.inside(key).text(), ": given twice");
    EDGEVAL_EXPECTS(known.empty() || std::find(known.begin(), known.end(), key) != known.end(),
                    place.inside(key).text(), ": unknown key", suggestion(key, known), hint);
  }
}

double read_number(const YAML::Node& node, const Place& place) {
  double value = 0;
  EDGEVAL_EXPECTS(node.IsScalar() && YAML::convert<double>::decode(node, value) && value == value,
                  place.text(), ": must be a number",
                  node.IsScalar() ? ", is '" + node.Scalar() + "'" : "");
  return value;
}

void read_field(const YAML::Node& node, const Place& place, double& value) {
  value = read_number(node, place);
}

// Reads a word of an enum; the function names() beside the enum gives the words.
template <class Word>
requires std::is_enum_v<Word>
void read_field(const YAML::Node& node, const Place& place, Word& word) {
  const auto words = names(word);
  const std::vector<std::string> known(words.begin(), words.end());
  const std::string given = node.IsScalar() ? node.Scalar() : "";
  const auto found = std::find(known.begin(), known.end(), given);
  EDGEVAL_EXPECTS(found != known.end(), place.text(), ": unknown value '", given, "'",
                  suggestion(given, known));
  word = static_cast<Word>(found - known.begin());
}

// Returns the keys that a policy may give for this technique.
template <class Technique>
std::vector<std::string> policy_keys(const Technique& technique) {
  std::vector<std::string> keys{"type"};
  technique.fields(technique, [&](const std::string& field, auto, const char*, Origin = {}) {
    const WrittenKey written = written_key(field);
    if (written.high) return;
    const std::string& key = written.group.empty() ? written.key : written.group;
    if (keys.back() != key) keys.push_back(key);
  });
  return keys;
}

// Returns the technique's keys within the map `group`.
template <class Technique>
std::vector<std::string> group_keys(const Technique& technique, const std::string& group) {
  std::vector<std::string> keys;
  technique.fields(technique, [&](const std::string& field, auto, const char*, Origin = {}) {
    if (written_key(field).group == group) keys.push_back(written_key(field).key);
  });
  return keys;
}

// Returns what the map gives beside its type, as the end of a message: "; given: {width: 0}".
std::string given_text(const YAML::Node& node) {
  YAML::Emitter text;
  text << YAML::Flow << YAML::BeginMap;
  bool any = false;
  for (const auto& pair : node) {
    if (pair.first.Scalar() == "type") continue;
    text << YAML::Key << pair.first << YAML::Value << pair.second;
    any = true;
  }
  text << YAML::EndMap;
  return any ? concat("; given: ", text.c_str()) : "";
}

template <class Technique>
void read_fields(Technique& technique, const YAML::Node& node, const Place& place) {
  expect_map(node, place, policy_keys(technique), "{type: ...}");
  technique.fields(technique, [&](const std::string& field, auto& value, const char*, Origin = {}) {
    const auto [key, low, high, group] = written_key(field);
    const YAML::Node outer = group.empty() ? node : node[group];
    if (!outer.IsDefined()) return;
    const Place around = group.empty() ? place : place.inside(group);
    if (!group.empty()) {
      const std::vector<std::string> keys = group_keys(technique, group);
      expect_map(outer, around, keys, concat("{", keys.front(), ": ...}"));
    }
    const YAML::Node given = outer[key];
    const Place here = around.inside(key);
    if (!given.IsDefined()) return;
    EDGEVAL_EXPECTS(!(low || high) || (given.IsSequence() && given.size() == 2), here.text(),
                    ": must be [min, max]");
    read_field(low ? given[0] : high ? given[1] : given, here, value);
  });
  EDGEVAL_EXPECTS(technique.problem() == nullptr, place.text(), ": ", technique.problem(),
                  given_text(node));
}

// Throws Error when a key belongs to another type of the axis, and says to which type.
template <class Choice>
void expect_keys_of(const Choice& choice, const YAML::Node& node, const Place& place) {
  const auto has = [](const auto& technique, const std::string& key) {
    const std::vector<std::string> keys = policy_keys(technique);
    return std::find(keys.begin(), keys.end(), key) != keys.end();
  };
  for (const auto& entry : node) {
    const std::string key = entry.first.IsScalar() ? entry.first.Scalar() : "";
    if (std::visit([&](const auto& technique) { return has(technique, key); }, choice)) continue;
    std::string owners;
    for_each_technique<Choice>([&](const auto& technique) {
      if (has(technique, key)) owners += concat(owners.empty() ? "" : ", ", technique.kName);
    });
    EDGEVAL_EXPECTS(owners.empty(), place.inside(key).text(), ": unknown key of type ",
                    std::visit([](const auto& technique) { return technique.kName; }, choice),
                    "; a key of type ", owners, ", which ", place.inside("type").key, " must name");
  }
}

// Throws UnchosenParameter when the policy names the technique and leaves out a parameter for which
// there is no default.
template <class Technique>
void expect_chosen(const Technique& technique, const YAML::Node& node, const Place& place) {
  technique.fields(technique, [&](const std::string& field, auto, const char*, Origin = {}) {
    if (!must_be_chosen<Technique>(field) || node[field].IsDefined()) return;
    throw UnchosenParameter(
        concat(place.text(), ": ", Technique::kName, " wants ", field,
               ", which no default suits; choose it on development data (docs/techniques.md, "
               "\"Choosing a threshold\")"));
  });
}

// Reads a choice of an axis. Without `type` the choice in force, `choice`, keeps its type, and only
// the given parameters change.
template <class Choice>
Choice read_choice(const YAML::Node& node, const Place& place, Choice choice) {
  EDGEVAL_EXPECTS(node.IsMap(), place.text(),
                  ": must be a map such as {type: ", technique_names<Choice>().front(), "}");
  if (const YAML::Node type = node["type"]; type.IsDefined()) {
    EDGEVAL_EXPECTS(type.IsScalar(), place.inside("type").text(), ": must be a name");
    bool found = false;
    for_each_technique<Choice>([&](const auto& technique) {
      if (type.Scalar() != technique.kName) return;
      choice = technique;
      found = true;
    });
    EDGEVAL_EXPECTS(found, place.inside("type").text(), ": unknown type '", type.Scalar(), "'",
                    suggestion(type.Scalar(), technique_names<Choice>()));
  }
  expect_keys_of(choice, node, place);
  std::visit([&](auto& technique) { read_fields(technique, node, place); }, choice);
  if (node["type"].IsDefined())
    std::visit([&](const auto& technique) { expect_chosen(technique, node, place); }, choice);
  return choice;
}

void read_layers(const YAML::Node& node, const Place& place, Policy& policy) {
  expect_map(node, place, {}, "{lstm1: {operand: {type: ...}}}");
  for (const auto& entry : node) {
    const std::string& name = entry.first.Scalar();
    const Place layer = place.inside(name);
    expect_map(entry.second, layer, {"arithmetic", "nonlinearity", "plan", "operand"},
               "{operand: {type: ...}}",
               "; in --set a layer's name with dots stands in double quotes: layers.\"a.b\".plan");
    Policy::LayerOverride& change = policy.layers[name];
    if (const YAML::Node arithmetic = entry.second["arithmetic"]; arithmetic.IsDefined())
      change.arithmetic = read_choice(arithmetic, layer.inside("arithmetic"), policy.arithmetic);
    if (const YAML::Node nonlinearity = entry.second["nonlinearity"]; nonlinearity.IsDefined())
      change.nonlinearity =
          read_choice(nonlinearity, layer.inside("nonlinearity"), policy.nonlinearity);
    if (const YAML::Node plan = entry.second["plan"]; plan.IsDefined())
      change.plan = read_choice(plan, layer.inside("plan"), policy.plan);
    if (const YAML::Node operand = entry.second["operand"]; operand.IsDefined())
      change.operand = read_choice(operand, layer.inside("operand"), policy.operand);
  }
}

Policy read_policy(const YAML::Node& root, const std::string& file) {
  Policy policy;
  const Place top{file, ""};
  expect_map(
      root, top,
      {"arithmetic", "weights", "nonlinearity", "plan", "operand", "beam", "layers", "profile"},
      "{operand: {type: ...}}");
  const auto read_axis = [&](const char* key, auto& choice) {
    if (const YAML::Node node = root[key]; node.IsDefined())
      choice = read_choice(node, top.inside(key), choice);
  };
  read_axis("arithmetic", policy.arithmetic);
  read_axis("weights", policy.weights);
  read_axis("nonlinearity", policy.nonlinearity);
  read_axis("plan", policy.plan);
  read_axis("operand", policy.operand);
  if (root["beam"].IsDefined()) read_axis("beam", policy.beam.emplace());
  if (const YAML::Node layers = root["layers"]; layers.IsDefined())
    read_layers(layers, top.inside("layers"), policy);
  if (const YAML::Node profile = root["profile"]; profile.IsDefined()) {
    EDGEVAL_EXPECTS(profile.IsScalar(), top.inside("profile").text(), ": must be a file's path");
    policy.profile = profile.Scalar();
  }
  return policy;
}

// Returns what is wrong with the policy; empty where nothing is.
std::string problem_of(const YAML::Node& root, const std::string& source) {
  try {
    read_policy(root, source);
    return "";
  } catch (const Error& error) {
    return error.what();
  }
}

YAML::Node load_map(const std::filesystem::path& file) {
  data::expect_kind(file, "a policy, a text in YAML, is wanted");
  const std::string name = file.string();
  const YAML::Node root = load_yaml(file);
  EDGEVAL_EXPECTS(root.IsDefined() && !root.IsNull(), name,
                  ": is empty; a policy names axes, such as plan");
  EDGEVAL_EXPECTS(root.IsMap(), name, ": is no map of axes, such as plan: {type: every_step}");
  return root;
}

// Returns the root of the policy file, or the empty map of the dense policy when there is no file.
// The path of its profile can be opened as it is.
YAML::Node load_root(const std::optional<std::filesystem::path>& file) {
  if (!file) return YAML::Node(YAML::NodeType::Map);
  const std::optional<NamedPoint> point = named_point(*file);
  const std::filesystem::path path = point ? point->folder / kSweepPolicyFile : *file;
  YAML::Node root = load_map(path);
  if (const YAML::Node profile = std::as_const(root)["profile"];
      profile.IsDefined() && profile.IsScalar())
    root["profile"] = (path.parent_path() / profile.Scalar()).string();
  if (point) apply_settings(root, point_settings(*point));
  return root;
}

}  // namespace

Policy load_policy(const std::optional<std::filesystem::path>& file,
                   const std::vector<std::string>& settings) {
  std::string source = file ? file->string() : "--set";
  try {
    YAML::Node root = load_root(file);
    const std::string problem = file ? problem_of(root, source) : "";
    try {
      apply_settings(root, settings);
    } catch (const Error&) {
      if (!problem.empty()) throw Error(problem);
      throw;
    }
    if (file && !settings.empty()) {
      // The file is to blame for what is wrong with it alone, --set for what it makes of a file
      // that is right, and both where that cannot be told.
      if (problem.empty()) read_policy(root, "--set");
      EDGEVAL_EXPECTS(problem.empty() || problem_of(root, source) != problem, problem);
      source += " with --set";
    }
    Policy policy = read_policy(root, source);
    if (file || !settings.empty()) policy.source = source;
    return policy;
  } catch (const YAML::Exception& error) {
    throw_not_yaml(source, error);
  }
}

struct PolicyBase::Root {
  YAML::Node node;
};

PolicyBase::PolicyBase(const std::optional<std::filesystem::path>& file,
                       const std::vector<std::string>& settings)
    : file_(file), settings_(settings) {
  try {
    YAML::Node root = load_root(file);
    apply_settings(root, settings);
    root_ = std::make_unique<const Root>(Root{root});
  } catch (const std::exception&) {
    alone();  // says whether the file or the settings are to blame
    throw;
  }
}

PolicyBase::~PolicyBase() = default;

Policy PolicyBase::with(const std::vector<std::string>& settings, const std::string& source) const {
  try {
    const YAML::Node root = YAML::Clone(root_->node);
    apply_settings(root, settings);
    Policy policy = read_policy(root, source);
    policy.source = source;
    return policy;
  } catch (const YAML::Exception& error) {
    throw_not_yaml(source, error);
  }
}

Policy PolicyBase::alone() const { return load_policy(file_, settings_); }

std::optional<std::filesystem::path> PolicyBase::profile() const {
  const YAML::Node profile = root_->node["profile"];
  if (!profile.IsDefined() || !profile.IsScalar()) return {};
  return profile.Scalar();
}

std::optional<Beam> PolicyBase::beam() const {
  const YAML::Node beam = root_->node["beam"];
  if (!beam.IsDefined()) return {};
  try {
    return read_choice(beam, Place{"policy", "beam"}, Beam{});
  } catch (const Error&) {
    return Neutral<Beam>{};
  }
}

std::string PolicyBase::to_yaml(const std::string& profile) const {
  YAML::Node root = YAML::Clone(root_->node);
  root.remove("profile");
  if (!profile.empty()) root["profile"] = profile;
  if (root.size() == 0) return "{}\n";
  return YAML::Dump(root) + "\n";
}

}  // namespace edgeval
