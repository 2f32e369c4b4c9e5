#include "host/core/files/output_folder.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <deque>
#include <memory>

#include "host/core/error.hpp"
#include "host/core/files/new_file.hpp"
#include "host/core/files/path.hpp"

namespace edgeval {
namespace {

namespace fs = std::filesystem;

// Whether the folder is a mount point. A bind mount, which has the device number of its parent, is
// found, too.
bool is_mount_point(const fs::path& folder) {
  struct statx status {};
  return ::statx(AT_FDCWD, folder.c_str(), AT_NO_AUTOMOUNT, STATX_TYPE, &status) == 0 &&
         (status.stx_attributes_mask & status.stx_attributes & STATX_ATTR_MOUNT_ROOT) != 0;
}

// Throws Error when the folder is one that others rely on, or may not be replaced.
void expect_replaceable(const fs::path& folder, const fs::path& shown) {
  std::error_code error;
  if (!fs::exists(folder, error)) return;
  EDGEVAL_EXPECTS(fs::is_directory(folder, error), shown.string(),
                  ": the folder cannot be made: a file has this name");
  EDGEVAL_EXPECTS(!is_mount_point(folder), shown.string(),
                  ": is a mount point, which cannot be replaced as a whole; name a folder in it, "
                  "such as ",
                  (shown / "run").string());
  EDGEVAL_EXPECTS(!fs::equivalent(folder, fs::current_path(error), error), shown.string(),
                  ": is the current folder, which a run would replace as a whole; name a folder in "
                  "it, such as ",
                  (shown / "run").lexically_normal().string());
  if (::access(folder.c_str(), R_OK | W_OK | X_OK) != 0)
    throw_system_error(shown.string(), "cannot be replaced", errno);
}

// Whether the path still names the file that was opened.
bool is_named(int descriptor, const fs::path& path) {
  struct stat opened {};
  struct stat named {};
  return ::fstat(descriptor, &opened) == 0 && ::stat(path.c_str(), &named) == 0 &&
         opened.st_dev == named.st_dev && opened.st_ino == named.st_ino;
}

// Whether the file is a regular one with no second name under which its contents may be someone's.
bool is_plain(int descriptor) {
  struct stat status {};
  return ::fstat(descriptor, &status) == 0 && S_ISREG(status.st_mode) && status.st_nlink <= 1;
}

// What the run that holds the lock has written into the lock file.
std::string holder(int descriptor) {
  char text[64];
  const ssize_t length = ::pread(descriptor, text, sizeof(text), 0);
  return std::string(text, static_cast<std::size_t>(std::max<ssize_t>(length, 0)));
}

bool renamed(const fs::path& from, const fs::path& to) {
  return ::rename(from.c_str(), to.c_str()) == 0;
}

bool exchanged(const fs::path& a, const fs::path& b) {
  return ::renameat2(AT_FDCWD, a.c_str(), AT_FDCWD, b.c_str(), RENAME_EXCHANGE) == 0;
}

// Whether anything has this name, even a link that leads nowhere.
bool has_name(const fs::path& path) {
  std::error_code error;
  return fs::exists(fs::symlink_status(path, error));
}

// Whether the path is a folder and no link. A link may have been planted and lead to somebody
// else's folder.
bool is_own_folder(const fs::path& path) {
  std::error_code error;
  return fs::is_directory(fs::symlink_status(path, error));
}

}  // namespace

void expect_replaceable(const fs::path& folder) {
  expect_replaceable(HiddenNames(folder).target(), folder);
}

OutputFolder::OutputFolder(const fs::path& folder, std::vector<std::string> names)
    : shown_(folder), hidden_(folder), lock_path_(hidden_.lock()), names_(std::move(names)) {
  expect_replaceable(hidden_.target(), shown_);
  hidden_.make_parent(shown_);
  try {
    lock();
    repair();
    for (const fs::path& dead : hidden_.found()) remove(dead);
    try_to_replace();
  } catch (...) {
    unlock();
    throw;
  }
}

OutputFolder::~OutputFolder() { unlock(); }

void OutputFolder::refuse(int number) const {
  throw_system_error(shown_.string(), "cannot be replaced", number);
}

// Tries whether the folder can be renamed. Renaming a trial folder to a folder that holds files
// always fails, but the system checks other grounds first, for instance a sticky folder, in which
// only the owner may rename; those are refused here. Nobody can rename a folder of the lower layer
// of an overlay, such as a container's image; there the renaming itself has to be tried.
void OutputFolder::try_to_replace() const {
  std::error_code error;
  const bool full = is_there(hidden_.target()) && !fs::is_empty(hidden_.target(), error) && !error;
  const fs::path trial = hidden_.random();
  if (::mkdir(trial.c_str(), 0777) != 0)
    throw_system_error(shown_.string(), "no folder can be made beside it", errno);
  const bool refused =
      full && !renamed(trial, hidden_.target()) && errno != ENOTEMPTY && errno != EEXIST;
  const int number = errno;
  ::rmdir(trial.c_str());
  if (refused) refuse(number);
  struct statfs system {};
  constexpr auto kOverlay = 0x794c7630;  // the magic number of overlayfs in linux/magic.h
  if (!full || ::statfs(hidden_.target().c_str(), &system) != 0 || system.f_type != kOverlay)
    return;
  const RemovalHeld held;
  if (!renamed(hidden_.target(), hidden_.old())) refuse(errno);
  repair();
}

// Removes the file before it is closed: a run that has opened it meanwhile sees that the file has
// lost its name.
void OutputFolder::unlock() {
  if (lock_ < 0) return;
  unfinished_.reset();  // else a signal after the next line would remove the lock of the next run
  ::unlink(lock_path_.c_str());
  ::close(std::exchange(lock_, -1));
}

void OutputFolder::lock() {
  const fs::path& path = lock_path_;
  while (lock_ < 0) {
    const int file = ::open(path.c_str(), O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0666);
    if (file < 0)
      throw_system_error(shown_.string(),
                         concat("its lock file, ", path.filename().string(), ", cannot be made"),
                         errno);
    if (!is_plain(file)) {
      ::close(file);
      throw Error(concat(path.string(),
                         ": is no lock of edgeval's, which this name is kept for; remove it"));
    }
    const bool locked = ::flock(file, LOCK_EX | LOCK_NB) == 0;
    const bool taken = !locked && errno == EWOULDBLOCK;
    // The run that held the lock may have removed its file just now; then another file has the
    // name, or none.
    if (!taken && is_named(file, path)) {
      lock_ = file;
      break;
    }
    const std::string by = taken ? holder(file) : "";
    ::close(file);
    EDGEVAL_EXPECTS(!taken, shown_.string(), ": another run",
                    by.empty() ? "" : concat(" (", by, ")"),
                    " writes into this folder; wait for its end, or give --out another folder");
  }
  unfinished_.emplace(path);
  const std::string who = concat("process ", ::getpid());
  if (::ftruncate(lock_, 0) == 0) [[maybe_unused]]
    const ssize_t written = ::pwrite(lock_, who.data(), who.size(), 0);
}

// Repairs what a killed run left: restores an old folder that was renamed while no new one had
// taken its place, and removes one that was replaced.
void OutputFolder::repair() const {
  const fs::path old = hidden_.old();
  if (is_own_folder(old) && !is_there(hidden_.target()) && !renamed(old, hidden_.target()))
    throw_system_error(shown_.string(), "what an interrupted run left cannot be repaired", errno);
  if (is_own_folder(old)) {
    keep_strangers(old);
    remove(old);
  }
  EDGEVAL_EXPECTS(!has_name(old), old.string(), ": is in the way of a run into ", shown_.string(),
                  ", and no run of edgeval left it so; move it elsewhere");
}

// Removes the files that edgeval wrote, and the folder if it held no others. A link is not
// followed, as it would lead to a folder that is not edgeval's.
void OutputFolder::remove(const fs::path& folder) const {
  const int opened = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (opened < 0) return;
  for (const std::string& name : names_) ::unlinkat(opened, name.c_str(), 0);
  ::close(opened);
  ::rmdir(folder.c_str());
}

void OutputFolder::swap(const fs::path& made) const {
  // This succeeds where the old folder is missing or empty.
  if (renamed(made, hidden_.target())) return;
  if (errno != ENOTEMPTY && errno != EEXIST) refuse(errno);
  if (exchanged(made, hidden_.target())) {
    keep_strangers(made);
    return remove(made);
  }
  if (errno != EINVAL && errno != ENOSYS && errno != EOPNOTSUPP) refuse(errno);
  if (!renamed(hidden_.target(), hidden_.old())) refuse(errno);
  if (!renamed(made, hidden_.target())) {
    const int number = errno;
    renamed(hidden_.old(), hidden_.target());
    refuse(number);
  }
  keep_strangers(hidden_.old());
  remove(hidden_.old());
}

// Moves the files that others put into the old folder into the new one.
void OutputFolder::keep_strangers(const fs::path& old) const {
  // std::filesystem::directory_iterator would end the process where memory runs out.
  const std::unique_ptr<DIR, int (*)(DIR*)> entries(::opendir(old.c_str()), ::closedir);
  std::vector<fs::path> strangers;
  while (const dirent* entry = entries ? ::readdir(entries.get()) : nullptr) {
    const std::string name = entry->d_name;
    if (name != "." && name != ".." && std::ranges::find(names_, name) == names_.end())
      strangers.push_back(old / name);
  }
  for (const fs::path& each : strangers) {
    const fs::path kept = hidden_.target() / each.filename();
    if (!has_name(kept)) renamed(each, kept);
  }
}

void OutputFolder::publish(const std::vector<std::pair<std::string, std::string>>& files) {
  const fs::path made = hidden_.random();
  // The paths are made ahead, since removing the files may not ask for memory where it has run out.
  std::vector<fs::path> inside;
  for (const std::string& name : names_) inside.push_back(made / name);
  if (::mkdir(made.c_str(), 0777) != 0)
    throw_system_error(shown_.string(), "no folder can be made beside it", errno);
  try {
    const Unfinished folder(made);
    std::deque<Unfinished> unfinished;
    for (const auto& [name, text] : files) {
      unfinished.emplace_back(made / name);
      write_new_file(made / name, text, shown_ / name);
    }
    const RemovalHeld held;
    struct stat old {};
    if (::stat(hidden_.target().c_str(), &old) == 0) ::chmod(made.c_str(), old.st_mode & 07777);
    sync_folder(made);
    swap(made);
  } catch (...) {
    for (const fs::path& file : inside) ::unlink(file.c_str());
    ::rmdir(made.c_str());
    throw;
  }
  sync_folder(hidden_.parent());
}

}  // namespace edgeval
