// What `--set` changes in a policy before it is read: "operand.clusters=12".
#pragma once

#include <yaml-cpp/yaml.h>

#include <string>
#include <vector>

namespace edgeval {

// Puts the settings into the policy `root`, a map, in order. One that gives an axis another type
// drops the other keys that the axis has in `root`. Throws Error naming the setting that is no
// KEY=VALUE, or whose key does not lead through maps.
void apply_settings(YAML::Node root, const std::vector<std::string>& settings);

}  // namespace edgeval
