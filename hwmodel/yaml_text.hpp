// Reading YAML that comes from outside.
#pragma once

#include <yaml-cpp/yaml.h>

#include <string>

namespace edgeval {

// The one document of `text`; a null node when there is none. Throws Error when there are several
// or the text is longer than 128 KiB, YAML::Exception when it is not YAML. `name` opens the
// message.
YAML::Node one_document(const std::string& text, const std::string& name);

}  // namespace edgeval
