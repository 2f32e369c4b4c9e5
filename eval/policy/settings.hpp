// Applies the settings of `--set`, such as "operand.clusters=12", to a policy's YAML before it is
// read.
#pragma once

#include <yaml-cpp/yaml.h>

#include <string>
#include <vector>

namespace edgeval {

// Puts the settings into the map `root` in their order. Before that, every setting that gives an
// axis another type drops the other keys that the axis has in `root`. Throws Error naming a setting
// that is no KEY=VALUE, or whose key does not lead through maps.
void apply_settings(YAML::Node root, const std::vector<std::string>& settings);

}  // namespace edgeval
