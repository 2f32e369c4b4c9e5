#include "host/core/files/path.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <stdexcept>
#include <system_error>

#include "host/core/error.hpp"

namespace edgeval {
namespace {

namespace fs = std::filesystem;

PathKind kind_of(mode_t mode) {
  if (S_ISREG(mode)) return PathKind::kFile;
  if (S_ISDIR(mode)) return PathKind::kFolder;
  return S_ISFIFO(mode) ? PathKind::kPipe : PathKind::kDevice;
}

}  // namespace

PathState path_state(const fs::path& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) == 0) return {kind_of(status.st_mode)};
  const bool is_missing = errno == ENOENT || errno == ENOTDIR;
  return {PathKind::kNothing, is_missing ? 0 : errno};
}

PathKind path_kind(const fs::path& path) {
  const PathState state = path_state(path);
  if (state.error != 0) throw_system_error(path.string(), "cannot be reached", state.error);
  return state.kind;
}

bool is_there(const fs::path& path) { return path_kind(path) != PathKind::kNothing; }
bool is_folder(const fs::path& path) { return path_kind(path) == PathKind::kFolder; }

std::vector<fs::path> entries_of(const fs::path& folder) {
  std::error_code error;
  std::vector<fs::path> entries;
  for (fs::directory_iterator each(folder, error); !error && each != fs::directory_iterator();
       each.increment(error))
    entries.push_back(each->path());
  if (error) throw_system_error(folder.string(), "cannot be listed", error.value());
  std::ranges::sort(entries);
  return entries;
}

void throw_system_error(const std::string& place, const std::string& what, int number) {
  const std::string text = concat(place, ": ", what, ": ", std::generic_category().message(number));
  for (const int machine : {ENOSPC, EDQUOT, EIO, EMFILE, ENFILE, ENOMEM, EFBIG})
    if (number == machine) throw std::runtime_error(text);
  throw Error(text);
}

}  // namespace edgeval
