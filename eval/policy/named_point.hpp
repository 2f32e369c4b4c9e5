// Policies that are points of a sweep: sweep:17 is point 17 of the folder `sweep`.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace edgeval {

struct NamedPoint {
  std::filesystem::path folder;  // of the sweep
  std::string number;
};

// Returns the point that a path such as sweep:17 names; nothing where it is the path of a file.
// Throws Error for the folder of a sweep without a point, and for a point of what is no sweep.
std::optional<NamedPoint> named_point(const std::filesystem::path& path);

// Returns the settings of the point. Throws Error where the sweep has no such point.
std::vector<std::string> point_settings(const NamedPoint& point);

}  // namespace edgeval
