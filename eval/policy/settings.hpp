// Applies the settings of `--set`, such as "operand.clusters=12", to a policy's YAML before it is
// read.
#pragma once

#include <yaml-cpp/yaml.h>

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace edgeval {

// Returns where the first `separator` outside of double quotes stands in a text that begins with a
// key, such as layers."a=b".plan.threshold=1; npos where there is none.
std::size_t find_unquoted(std::string_view text, char separator);

// Splits a key at its dots: layers.lstm1.plan into layers, lstm1 and plan. A part with dots stands
// in double quotes: layers."enc.lstm1".plan. Throws Error, whose message opens with `place`, where
// a quote is not closed or a part is empty.
std::vector<std::string> split_key(const std::string& key, const std::string& place);

// Puts the settings into the map `root` in their order. Before that, every setting that gives an
// axis another type drops the other keys that the axis has in `root`. Throws Error naming a setting
// that is no KEY=VALUE, or whose key does not lead through maps.
void apply_settings(YAML::Node root, const std::vector<std::string>& settings);

// Returns the settings of a JSON object such as {"operand.clusters": 12, "plan.type":
// "every_step"}, as a sweep writes it. A text is what stands behind the '=' of --set, in YAML; any
// other value stands for its JSON, which is YAML, too.
std::vector<std::string> settings_from_json(const nlohmann::ordered_json& object);
// Returns the object of which settings_from_json returns these settings.
nlohmann::ordered_json settings_to_json(const std::vector<std::string>& settings);

}  // namespace edgeval
