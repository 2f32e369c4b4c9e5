// What lies at a path. That something cannot be told, for want of a permission or because the path
// is too long, is an error that names the path; it is not the same as nothing.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace edgeval {

enum class PathKind { kNothing, kFile, kFolder, kPipe, kDevice };

// Links are followed. error: the number of what kept it from being told, else 0.
struct PathState {
  PathKind kind;
  int error = 0;
};
PathState path_state(const std::filesystem::path& path);

// The same; throws where it cannot be told.
PathKind path_kind(const std::filesystem::path& path);
bool is_there(const std::filesystem::path& path);
bool is_folder(const std::filesystem::path& path);

// What the folder holds, sorted. Throws when it cannot be listed.
std::vector<std::filesystem::path> entries_of(const std::filesystem::path& folder);

// Throws "PLACE: WHAT: " and what the error number of the system means: Error where another path or
// permission cures it, std::runtime_error where the machine fails, as with a full disk.
[[noreturn]] void throw_system_error(const std::string& place, const std::string& what, int number);

}  // namespace edgeval
