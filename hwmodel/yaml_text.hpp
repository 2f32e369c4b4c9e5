// Reading YAML that comes from outside.
#pragma once

#include <yaml-cpp/yaml.h>

#include <filesystem>
#include <string>

namespace edgeval {

// The text of a file. Throws Error when it has more than 128 KiB or is not UTF-8.
std::string yaml_text(const std::filesystem::path& file);

// The one document of `text`; a null node when there is none. Throws Error when there are several,
// YAML::Exception when it is not YAML. `name` opens the message.
YAML::Node one_document(const std::string& text, const std::string& name);

}  // namespace edgeval
