#include "eval/search/point_list.hpp"

#include <algorithm>
#include <set>

#include "datasets/layouts/listing.hpp"
#include "eval/policy/settings.hpp"
#include "host/core/error.hpp"
#include "host/core/json.hpp"
#include "host/core/text.hpp"

namespace edgeval {
namespace {

// Returns a text as a value of --set: a word as it is, since --set compares that of operand.type as
// it stands, other text in double quotes. YAML would take the word null for no value. JSON has no
// infinity, so .inf and -.inf are those of YAML.
std::string yaml_text(const std::string& text) {
  const auto is_letter_or_digit = [](char c) {
    return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
  };
  const bool is_word =
      !text.empty() && is_letter_or_digit(text[0]) && std::ranges::all_of(text, [&](char c) {
        return is_letter_or_digit(c) || std::string_view("_./+-").find(c) < 5;
      });
  if (text == ".inf" || text == "-.inf") return text;
  const bool is_null = text == "null" || text == "Null" || text == "NULL";
  return is_word && !is_null ? text : nlohmann::ordered_json(text).dump();
}

// Throws Error unless the keys of the object are those of a policy, each once.
void expect_keys(const nlohmann::ordered_json& object, const std::string& place) {
  std::set<std::vector<std::string>> keys;
  for (const auto& [key, value] : object.items()) {
    const std::string at = concat(place, ": ", shown(key));
    EDGEVAL_EXPECTS(!key.empty() && find_unquoted(key, '=') == std::string::npos &&
                        key.find('\0') == std::string::npos,
                    at, ": is no key of a policy, such as plan.threshold");
    EDGEVAL_EXPECTS(keys.insert(split_key(key, at)).second, at, ": is set twice; leave one out");
  }
}

// Returns the settings of an object that people write, whose texts are texts and not YAML.
std::vector<std::string> settings_of_values(const nlohmann::ordered_json& object) {
  std::vector<std::string> settings;
  for (const auto& [key, value] : object.items())
    settings.push_back(
        concat(key, "=",
               value.is_string() ? yaml_text(value.get_ref<const std::string&>()) : value.dump()));
  return settings;
}

ListedPoint read_point(std::string_view line, const std::string& place) {
  EDGEVAL_EXPECTS(line != "{" && !line.starts_with('['), place,
                  ": a list of points has one JSON object on each line; make lines of a list with "
                  "jq -c '.[]', of objects over several lines with jq -c .");
  EDGEVAL_EXPECTS(line.starts_with('{'), place,
                  ": is no JSON object; a list of points has one on each line, such as "
                  "{\"plan.threshold\": 0.5, \"operand.type\": \"as_is\"}");
  parse_json(line, place);  // throws Error unless it is in order
  // The same again with the keys in the file's order, since --set applies them in order.
  return {settings_of_point(nlohmann::ordered_json::parse(line), place), place};
}

}  // namespace

std::vector<std::string> settings_of_point(const nlohmann::ordered_json& object,
                                           const std::string& place) {
  EDGEVAL_EXPECTS(object.is_object(), place, ": is ", object.type_name(), ", must be an object");
  const auto settings = object.find("settings");
  if (settings == object.end()) {
    expect_keys(object, place);
    return settings_of_values(object);
  }
  const std::string at = concat(place, ": settings");
  EDGEVAL_EXPECTS(settings->is_object(), at, ": is ", settings->type_name(), ", must be an object");
  expect_keys(*settings, at);
  return settings_from_json(*settings);
}

std::vector<ListedPoint> read_point_list(const std::filesystem::path& path) {
  const data::TextFile file(path);
  std::vector<ListedPoint> points;
  for (const data::Line& line : file.lines())
    points.push_back(read_point(line.text, file.place(line)));
  EDGEVAL_EXPECTS(!points.empty(), path.string(),
                  ": holds no points; write one on each line, such as {\"plan.threshold\": 0.5}");
  return points;
}

}  // namespace edgeval
