#include "eval/policy/policy.hpp"

#include <yaml-cpp/yaml.h>

#include <set>

#include "datasets/text/file_kind.hpp"
#include "eval/policy/choices.hpp"
#include "eval/policy/formats_report.hpp"
#include "host/core/error.hpp"
#include "host/core/names.hpp"
#include "host/core/yaml_file.hpp"

namespace edgeval {
namespace {

// Where in which file: "skip.yaml: plan.threshold".
struct Place {
  std::string file;
  std::string key;

  Place inside(const std::string& inner) const {
    return {file, key.empty() ? inner : key + "." + inner};
  }
  std::string text() const { return key.empty() ? file : file + ": " + key; }
};

// hint: behind the refusal of an unknown key.
void expect_map(const YAML::Node& node, const Place& place, const std::vector<std::string>& known,
                const char* hint = "") {
  EDGEVAL_EXPECTS(node.IsMap(), place.text(), ": must be a map such as {type: ...}");
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

// A word of an enum, which names() beside it knows.
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

template <class Technique>
std::vector<std::string> policy_keys(const Technique& technique) {
  std::vector<std::string> keys{"type"};
  technique.fields(technique, [&](const std::string& field, auto, const char*) {
    const WrittenKey written = written_key(field);
    if (!written.high) keys.push_back(written.group.empty() ? written.key : written.group);
  });
  return keys;
}

// The keys within the map `group`.
template <class Technique>
std::vector<std::string> group_keys(const Technique& technique, const std::string& group) {
  std::vector<std::string> keys;
  technique.fields(technique, [&](const std::string& field, auto, const char*) {
    if (written_key(field).group == group) keys.push_back(written_key(field).key);
  });
  return keys;
}

template <class Technique>
void read_fields(Technique& technique, const YAML::Node& node, const Place& place) {
  expect_map(node, place, policy_keys(technique));
  technique.fields(technique, [&](const std::string& field, auto& value, const char*) {
    const auto [key, low, high, group] = written_key(field);
    const YAML::Node outer = group.empty() ? node : node[group];
    if (!outer.IsDefined()) return;
    const Place around = group.empty() ? place : place.inside(group);
    if (!group.empty()) expect_map(outer, around, group_keys(technique, group));
    const YAML::Node given = outer[key];
    const Place here = around.inside(key);
    if (!given.IsDefined()) return;
    EDGEVAL_EXPECTS(!(low || high) || (given.IsSequence() && given.size() == 2), here.text(),
                    ": must be [min, max]");
    read_field(low ? given[0] : high ? given[1] : given, here, value);
  });
  EDGEVAL_EXPECTS(technique.problem() == nullptr, place.text(), ": ", technique.problem());
}

// Refuses a key of another type on the axis, saying which type has it.
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

// A technique that is named must bring the parameters that are to be chosen.
template <class Technique>
void expect_chosen(const Technique& technique, const YAML::Node& node, const Place& place) {
  technique.fields(technique, [&](const std::string& field, auto, const char*) {
    EDGEVAL_EXPECTS(!must_be_chosen<Technique>(field) || node[field].IsDefined(), place.text(),
                    ": ", Technique::kName, " wants ", field,
                    ", which no default suits; choose it on development data (docs/techniques.md, "
                    "\"Choosing a threshold\")");
  });
}

// Without `type` the choice in force keeps its type and parameters, and only the given parameters
// change.
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
  expect_map(node, place, {});
  for (const auto& entry : node) {
    const std::string& name = entry.first.Scalar();
    const Place layer = place.inside(name);
    expect_map(entry.second, layer, {"arithmetic", "nonlinearity", "plan", "operand"},
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
      {"arithmetic", "weights", "nonlinearity", "plan", "operand", "beam", "layers", "profile"});
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

// "layers.lstm1.plan" -> layers, lstm1, plan; a name with dots stands in double quotes:
// layers."enc.lstm1".plan.
std::vector<std::string> split_key(const std::string& path, const std::string& setting) {
  std::vector<std::string> keys;
  for (std::size_t begin = 0; begin <= path.size();) {
    const bool quoted = begin < path.size() && path[begin] == '"';
    const std::size_t close = quoted ? path.find('"', begin + 1) : 0;
    EDGEVAL_EXPECTS(close != std::string::npos, "--set ", setting,
                    ": a double quote is not closed");
    const std::size_t end = std::min(quoted ? close + 1 : path.find('.', begin), path.size());
    keys.push_back(quoted ? path.substr(begin + 1, close - begin - 1)
                          : path.substr(begin, end - begin));
    EDGEVAL_EXPECTS(!keys.back().empty() && (end == path.size() || path[end] == '.'), "--set ",
                    setting, ": ", path, " is no key such as operand.clusters");
    begin = end + 1;
  }
  return keys;
}

// "operand.clusters=12", taken apart.
struct Setting {
  explicit Setting(const std::string& given) : text(given) {
    const std::size_t equals = text.find('=');
    EDGEVAL_EXPECTS(equals != std::string::npos && equals > 0, "--set ", text,
                    ": must be key=value, such as operand.clusters=12");
    keys = split_key(text.substr(0, equals), text);
    value = text.substr(equals + 1);
  }

  std::string text;
  std::vector<std::string> keys;
  std::string value;
};

// Sets root.a.b = value for "a.b=value", making maps on the way.
void apply_setting(const YAML::Node& root, const Setting& setting) {
  const std::vector<std::string>& keys = setting.keys;
  YAML::Node node = root;
  for (std::size_t i = 0; i + 1 < keys.size(); ++i) {
    YAML::Node inner = node[keys[i]];
    EDGEVAL_EXPECTS(!inner.IsDefined() || inner.IsMap() || inner.IsNull(), "--set ", setting.text,
                    ": ", keys[i], " is no map in the policy");
    node.reset(inner);
  }
  try {
    node[keys.back()] = YAML::Load(setting.value);
  } catch (const YAML::ParserException& error) {
    throw Error(concat("--set ", setting.text, ": the value is not YAML: ", error.msg));
  }
}

// With operand.type=reuse the axis's other keys in the file are of the type it had there and go,
// also where a layer only adds to them.
void drop_keys_of_other_type(YAML::Node root, const Setting& setting) {
  const std::vector<std::string>& keys = setting.keys;
  const bool of_layer = keys.size() == 4 && keys[0] == "layers";
  if (keys.back() != "type" || !(keys.size() == 2 || of_layer)) return;
  YAML::Node owner = root;
  for (std::size_t i = 0; i + 2 < keys.size(); ++i) {
    YAML::Node inner = owner[keys[i]];
    if (!inner.IsMap()) return;
    owner.reset(inner);
  }
  const std::string& axis = keys[keys.size() - 2];
  const auto is_type = [&](const YAML::Node& choice) {
    return choice["type"].IsDefined() && choice["type"].IsScalar() &&
           choice["type"].Scalar() == setting.value;
  };
  if (YAML::Node choice = owner[axis]; choice.IsMap() && !is_type(choice)) owner.remove(axis);
  if (of_layer || !root["layers"].IsMap()) return;
  for (const auto& layer : root["layers"]) {
    YAML::Node changes = layer.second;
    if (changes.IsMap() && changes[axis].IsMap() && !changes[axis]["type"].IsDefined())
      changes.remove(axis);
  }
}

// The policy file's root; the dense policy's empty map without one.
YAML::Node load_root(const std::optional<std::filesystem::path>& file) {
  if (!file) return YAML::Node(YAML::NodeType::Map);
  data::expect_kind(*file, "a policy, a text in YAML, is wanted");
  const std::string name = file->string();
  const YAML::Node root = load_yaml(*file);
  EDGEVAL_EXPECTS(root.IsDefined() && !root.IsNull(), name,
                  ": is empty; a policy names axes, such as plan");
  EDGEVAL_EXPECTS(root.IsMap(), name, ": is no map of axes, such as plan: {type: every_step}");
  return root;
}

template <class Technique>
void complete(Technique&, const LayerProfile&) {}
void complete(SimilaritySkip& skip, const LayerProfile& profile) {
  if (from_profile(skip.fraction_bits)) skip.fraction_bits = profile.fraction_bits();
  if (from_profile(skip.delta_scale)) skip.delta_scale = profile.delta_scale();
}
void complete(Reuse& reuse, const LayerProfile& profile) {
  if (!from_profile(reuse.range_min)) return;
  reuse.range_min = profile.range_min();
  reuse.range_max = profile.range_max();
}
void complete(DynamicPrecision& precision, const LayerProfile& profile) {
  if (from_profile(precision.input_alpha)) precision.input_alpha = profile.input_alpha();
}
template <int Bits>
void complete_integer(Integer<Bits>& integer, const LayerProfile& profile) {
  if (from_profile(integer.input_bits)) integer.input_bits = profile.input_bits(Bits);
}
void complete(Int16& integer, const LayerProfile& profile) { complete_integer(integer, profile); }
void complete(Int8& integer, const LayerProfile& profile) { complete_integer(integer, profile); }

}  // namespace

Policy load_policy(const std::optional<std::filesystem::path>& file,
                   const std::vector<std::string>& settings) {
  const std::string name = file ? file->string() : "--set";
  try {
    YAML::Node root = load_root(file);
    if (const YAML::Node profile = std::as_const(root)["profile"];
        profile.IsDefined() && profile.IsScalar())
      root["profile"] = (file->parent_path() / profile.Scalar()).string();
    const std::vector<Setting> changes(settings.begin(), settings.end());
    for (const Setting& change : changes) drop_keys_of_other_type(root, change);
    for (const Setting& change : changes) apply_setting(root, change);
    return read_policy(root, name);
  } catch (const YAML::Exception& error) {
    throw_not_yaml(name, error);
  }
}

OperatingPoint resolve(const Policy& policy, const Model& model, const Profile* profile) {
  std::vector<std::string> names;
  for (const Layer& layer : model.layers) names.push_back(layer_name(layer));
  for (const auto& [name, change] : policy.layers)
    EDGEVAL_EXPECTS(std::find(names.begin(), names.end(), name) != names.end(), "policy: layers.",
                    name, ": model ", model.name, " has no such layer", suggestion(name, names));
  EDGEVAL_EXPECTS(
      !policy.beam || model.task == "translation", "policy: beam: model ", model.name, " is a ",
      model.task,
      " model, which is decoded greedily; only a translation model searches with a beam");
  OperatingPoint point;
  for (const Layer& layer : model.layers) {
    const bool in_stack = point.layers.size() < model.stack().size();
    LayerPolicy choice{EveryStep{}, AsIs{}, policy.arithmetic};
    if (std::holds_alternative<RecurrentLayer>(layer))
      choice = {in_stack ? policy.plan : EveryStep{}, policy.operand, policy.arithmetic,
                policy.nonlinearity};
    if (const auto change = policy.layers.find(layer_name(layer)); change != policy.layers.end()) {
      choice.arithmetic = change->second.arithmetic.value_or(choice.arithmetic);
      choice.nonlinearity = change->second.nonlinearity.value_or(choice.nonlinearity);
      choice.plan = change->second.plan.value_or(choice.plan);
      choice.operand = change->second.operand.value_or(choice.operand);
    }
    const LayerProfile* measured = profile != nullptr ? profile->find(layer_name(layer)) : nullptr;
    if (measured != nullptr) {
      std::visit([&](auto& arithmetic) { complete(arithmetic, *measured); }, choice.arithmetic);
      std::visit([&](auto& plan) { complete(plan, *measured); }, choice.plan);
      std::visit([&](auto& operand) { complete(operand, *measured); }, choice.operand);
    }
    point.layers.push_back(choice);
  }
  check_point(model, point);
  check_weights(model, point);
  return point;
}

Beam resolve_beam(const Policy& policy, const Profile* profile) {
  Beam beam = policy.beam.value_or(FixedBeam{});
  auto* dynamic = std::get_if<DynamicBeam>(&beam);
  if (dynamic == nullptr) return beam;
  const bool open = from_profile(dynamic->sigma_min) || from_profile(dynamic->sigma_max);
  if (open && dynamic->min == dynamic->max) {  // no spread matters
    dynamic->sigma_min = 0, dynamic->sigma_max = 1;
  } else if (open && profile != nullptr && profile->spread) {
    EDGEVAL_EXPECTS(profile->spread->width == dynamic->max, profile->path,
                    ": its spread is that of ", profile->spread->width,
                    " candidates, but beam.max is ", dynamic->max,
                    "; make one with edgeval profile --width ", dynamic->max,
                    ", or give sigma_min and sigma_max in the policy");
    if (from_profile(dynamic->sigma_min)) dynamic->sigma_min = profile->spread->percentiles.at("5");
    if (from_profile(dynamic->sigma_max))
      dynamic->sigma_max = profile->spread->percentiles.at("50");
  }
  EDGEVAL_EXPECTS(!from_profile(dynamic->sigma_min) && !from_profile(dynamic->sigma_max),
                  "beam, dynamic: sigma_min and ",
                  "sigma_max are not both known; name a profile (edgeval profile makes one) or "
                  "give them in the policy");
  EDGEVAL_EXPECTS(dynamic->problem() == nullptr, "beam, dynamic: ", dynamic->problem());
  return beam;
}

nlohmann::ordered_json to_json(const Policy& policy, const Model& model,
                               const OperatingPoint& point, const Beam* beam) {
  nlohmann::ordered_json json{{"arithmetic", choice_to_json(policy.arithmetic)},
                              {"weights", choice_to_json(policy.weights)},
                              {"nonlinearity", choice_to_json(policy.nonlinearity)},
                              {"plan", choice_to_json(policy.plan)},
                              {"operand", choice_to_json(policy.operand)}};
  if (beam != nullptr) json["beam"] = choice_to_json(*beam);
  json["layers"] = nlohmann::ordered_json::object();
  for (std::size_t i = 0; i < model.layers.size(); ++i) {
    const LayerPolicy& layer = point.layers[i];
    json["layers"][layer_name(model.layers[i])] = {
        {"arithmetic", choice_to_json(layer.arithmetic)},
        {"nonlinearity", choice_to_json(layer.nonlinearity)},
        {"plan", choice_to_json(layer.plan)},
        {"operand", choice_to_json(as_rounded(layer))}};
    if (const nlohmann::ordered_json formats = formats_to_json(model.layers[i], layer.arithmetic);
        !formats.is_null())
      json["layers"][layer_name(model.layers[i])]["formats"] = formats;
  }
  return json;
}

bool is_dense(const OperatingPoint& point) {
  for (const LayerPolicy& layer : point.layers)
    if (!std::holds_alternative<Fp32>(layer.arithmetic) ||
        !std::holds_alternative<Exact>(layer.nonlinearity) ||
        !std::holds_alternative<EveryStep>(layer.plan) ||
        !std::holds_alternative<AsIs>(layer.operand))
      return false;
  return true;
}

}  // namespace edgeval
