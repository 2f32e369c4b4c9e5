// Reading YAML that comes from outside.
#pragma once

#include <yaml-cpp/yaml.h>

#include <filesystem>
#include <string>

namespace edgeval {

// The one document of a file; a null node when there is none. Throws Error, naming the file and, if
// it can, the line, when it is not YAML, holds several documents, is not UTF-8 or has more than 128
// KiB.
YAML::Node load_yaml(const std::filesystem::path& file);

// The same for what YAML::Node throws later, while it is used.
[[noreturn]] void throw_not_yaml(const std::string& name, const YAML::Exception& error);

}  // namespace edgeval
