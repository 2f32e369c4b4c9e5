// Finds out what lies at a path. Where that cannot be told, for want of a permission or because the
// path is too long, these functions report an error that names the path, not that nothing is there.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace edgeval {

enum class PathKind { kNothing, kFile, kFolder, kPipe, kDevice };

// What lies at the path, links followed, and the system's error number where it cannot be told,
// else 0.
struct PathState {
  PathKind kind;
  int error = 0;
};
PathState path_state(const std::filesystem::path& path);

// These three throw where it cannot be told what lies at the path.
PathKind path_kind(const std::filesystem::path& path);
bool is_there(const std::filesystem::path& path);
bool is_folder(const std::filesystem::path& path);

// Returns the paths of all entries of the folder, sorted. Throws when it cannot be listed.
std::vector<std::filesystem::path> entries_of(const std::filesystem::path& folder);

// Throws "PLACE: WHAT: " followed by the meaning of the system's error number: as Error where
// another path or permission is the cure, as std::runtime_error where the machine fails, as with a
// full disk.
[[noreturn]] void throw_system_error(const std::string& place, const std::string& what, int number);

}  // namespace edgeval
