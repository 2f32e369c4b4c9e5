#include "eval/policy/settings.hpp"

#include <algorithm>

#include "host/core/error.hpp"
#include "host/core/text.hpp"

namespace edgeval {

std::size_t find_unquoted(std::string_view text, char separator) {
  bool quoted = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == separator && !quoted) return i;
    if (text[i] == '"') quoted = !quoted;
  }
  return std::string_view::npos;
}

std::vector<std::string> split_key(const std::string& key, const std::string& place) {
  std::vector<std::string> parts;
  for (std::size_t begin = 0; begin <= key.size();) {
    const bool quoted = begin < key.size() && key[begin] == '"';
    const std::size_t close = quoted ? key.find('"', begin + 1) : 0;
    EDGEVAL_EXPECTS(close != std::string::npos, place, ": a double quote is not closed");
    const std::size_t end = std::min(quoted ? close + 1 : key.find('.', begin), key.size());
    parts.push_back(quoted ? key.substr(begin + 1, close - begin - 1)
                           : key.substr(begin, end - begin));
    EDGEVAL_EXPECTS(!parts.back().empty() && (end == key.size() || key[end] == '.'), place, ": ",
                    key, " is no key such as operand.clusters");
    begin = end + 1;
  }
  return parts;
}

namespace {

// A setting such as "operand.clusters=12", split into keys and value.
struct Setting {
  explicit Setting(const std::string& given) : text(given) {
    EDGEVAL_EXPECTS(is_utf8(text) && text.find('\0') == std::string::npos, "--set ", visible(text),
                    ": is no text in UTF-8");
    // A quote that is not closed hides every '=' from find_unquoted; split_key then tells of it.
    std::size_t equals = find_unquoted(text, '=');
    if (equals == std::string::npos) equals = text.find('=');
    EDGEVAL_EXPECTS(equals != std::string::npos && equals > 0, "--set ", text,
                    ": must be key=value, such as operand.clusters=12");
    keys = split_key(text.substr(0, equals), concat("--set ", text));
    value = text.substr(equals + 1);
  }

  std::string text;
  std::vector<std::string> keys;
  std::string value;
};

// Sets root.a.b to the value for "a.b=value", and makes the maps on the way that do not exist.
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

// Removes the keys that a setting such as operand.type=reuse makes meaningless: those that the file
// gives the axis for another type, also where a layer adds to them without naming a type.
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

}  // namespace

std::vector<std::string> settings_from_json(const nlohmann::ordered_json& object) {
  std::vector<std::string> settings;
  for (const auto& [key, value] : object.items())
    settings.push_back(
        concat(key, "=", value.is_string() ? value.get<std::string>() : value.dump()));
  return settings;
}

nlohmann::ordered_json settings_to_json(const std::vector<std::string>& settings) {
  nlohmann::ordered_json object = nlohmann::ordered_json::object();
  for (const std::string& setting : settings) {
    const std::size_t equals = find_unquoted(setting, '=');
    const std::string value = setting.substr(equals + 1);
    const nlohmann::ordered_json json = nlohmann::ordered_json::parse(value, nullptr, false);
    const bool same = !json.is_discarded() && !json.is_string() && json.dump() == value;
    object[setting.substr(0, equals)] = same ? json : nlohmann::ordered_json(value);
  }
  return object;
}

void apply_settings(YAML::Node root, const std::vector<std::string>& settings) {
  const std::vector<Setting> changes(settings.begin(), settings.end());
  for (const Setting& change : changes) drop_keys_of_other_type(root, change);
  for (const Setting& change : changes) apply_setting(root, change);
}

}  // namespace edgeval
