// Reads YAML from outside.
#pragma once

#include <yaml-cpp/yaml.h>

#include <filesystem>
#include <string>

namespace edgeval {

// Returns the one document of a file, or a null node when there is none. Throws Error, naming the
// file and where possible the line, when the file is not YAML, holds several documents, is not
// UTF-8 or has more than 128 KiB.
YAML::Node load_yaml(const std::filesystem::path& file);

// Throws an Error of the same form for an exception that YAML::Node throws later, while it is used.
[[noreturn]] void throw_not_yaml(const std::string& name, const YAML::Exception& error);

}  // namespace edgeval
