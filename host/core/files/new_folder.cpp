#include "host/core/files/new_folder.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <utility>

#include "host/core/error.hpp"
#include "host/core/files/path.hpp"

namespace edgeval {
namespace {

namespace fs = std::filesystem;

// Opens a folder, not through a link, and locks it. Returns -1 where that fails or another process
// has the lock.
int locked(const fs::path& folder) {
  const int opened = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (opened < 0 || ::flock(opened, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK) return opened;
  ::close(opened);
  return -1;
}

// Returns the folders in which the files lie, without the outermost one.
std::vector<fs::path> inner_folders(const std::vector<std::string>& names) {
  std::vector<fs::path> inner;
  for (const fs::path name : names)
    if (name.has_parent_path()) inner.push_back(name.parent_path());
  return inner;
}

}  // namespace

NewFolder::NewFolder(const fs::path& folder, std::vector<std::string> names)
    : shown_(folder), hidden_(folder), names_(std::move(names)) {
  EDGEVAL_EXPECTS(!is_there(folder) || (is_folder(folder) && entries_of(folder).empty()),
                  folder.string(), ": is there already; name a new folder");
  hidden_.make_parent(shown_);
  remove_dead();
  try {
    // Another process may take the folder for a dead one before it is locked.
    do make();
    while (lock_ < 0 || !is_there(path_));
    for (const fs::path& inner : inner_folders(names_)) {
      std::error_code error;
      unfinished_.emplace_back(path_ / inner);
      fs::create_directories(path_ / inner, error);
      if (error) throw_system_error(shown_.string(), "cannot be made", error.value());
    }
    for (const std::string& name : names_) unfinished_.emplace_back(path_ / name);
  } catch (...) {
    if (!path_.empty()) remove(path_);
    if (lock_ >= 0) ::close(lock_);
    throw;
  }
}

NewFolder::~NewFolder() {
  if (!published_) remove(path_);
  if (lock_ >= 0) ::close(lock_);
}

void NewFolder::make() {
  if (lock_ >= 0) ::close(std::exchange(lock_, -1));
  unfinished_.clear();
  path_ = hidden_.random();
  unfinished_.emplace_back(path_);
  if (::mkdir(path_.c_str(), 0777) != 0)
    throw_system_error(shown_.string(), "no folder can be made beside it", errno);
  lock_ = locked(path_);
}

void NewFolder::remove(const fs::path& folder) const {
  for (const std::string& name : names_) ::unlink((folder / name).c_str());
  for (const fs::path& inner : inner_folders(names_)) ::rmdir((folder / inner).c_str());
  ::rmdir(folder.c_str());
}

void NewFolder::remove_dead() const {
  for (const fs::path& found : hidden_.found()) {
    const int lock = locked(found);
    if (lock < 0) continue;
    remove(found);
    ::close(lock);
  }
}

void NewFolder::publish() {
  for (const fs::path& inner : inner_folders(names_)) sync_folder(path_ / inner);
  sync_folder(path_);
  {
    const RemovalHeld held;
    if (::rename(path_.c_str(), hidden_.target().c_str()) != 0)
      throw_system_error(shown_.string(), "cannot be made", errno);
    published_ = true;
    unfinished_.clear();
  }
  sync_folder(hidden_.parent());
}

}  // namespace edgeval
