// Reads the points of a sweep from a file with one JSON object on each line, either the settings
// themselves, {"plan.threshold": 0.5, "operand.type": "delta"}, or an object whose key "settings"
// holds them as settings_to_json writes them and whose other keys are ignored, so that the
// points.jsonl of a sweep can be read back. A value is any JSON. A text of the first kind is that
// text, but for ".inf" and "-.inf"; one of the second kind is what --set takes, in YAML.
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace edgeval {

struct ListedPoint {
  std::vector<std::string> settings;  // "KEY=VALUE" as --set takes them, in the file's order
  std::string place;                  // for messages: FILE:LINE
};

// Returns the settings of such an object, "KEY=VALUE" as --set takes them, in its order. Throws
// Error, which opens with `place`, for what is no object, and for a key that is none of a policy's
// form or stands twice.
std::vector<std::string> settings_of_point(const nlohmann::ordered_json& object,
                                           const std::string& place);

// Returns the points in the file's order, without blank lines; a point without settings is the
// policy as it is. Throws Error, naming file and line, for a line that is no such object, a key
// that is none of a policy's form or stands twice, and a file without points.
std::vector<ListedPoint> read_point_list(const std::filesystem::path& path);

}  // namespace edgeval
