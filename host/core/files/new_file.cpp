#include "host/core/files/new_file.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <optional>
#include <stdexcept>
#include <utility>

#include "host/core/error.hpp"
#include "host/core/files/hidden_names.hpp"
#include "host/core/files/path.hpp"
#include "host/core/files/unfinished.hpp"

namespace edgeval {
namespace {

namespace fs = std::filesystem;

// A file that is deleted unless keep() is reached. It is locked while it is written, which tells it
// from a file that a killed run has left.
class NewFile {
 public:
  // Makes a file of a random name. Messages show the name that it will have in the end.
  NewFile(const HiddenNames& hidden, const fs::path& shown) : shown_(shown) {
    do {
      close();
      path_ = hidden.random();
      unfinished_.emplace(path_);
      descriptor_ = create(path_);
      if (descriptor_ < 0 && errno != EEXIST)
        throw_system_error(shown_.string(), "cannot be created", errno);
    } while (descriptor_ < 0 || !is_ours());
  }
  // Makes a file of the name `path`.
  NewFile(const fs::path& path, const fs::path& shown)
      : shown_(shown), path_(path), descriptor_(create(path)) {
    if (descriptor_ < 0) throw_system_error(shown_.string(), "cannot be created", errno);
  }
  NewFile(const NewFile&) = delete;
  ~NewFile() {
    close();
    if (!path_.empty()) ::unlink(path_.c_str());
  }

  void write(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t written = ::write(descriptor_, bytes.data(), bytes.size());
      if (written < 0 && errno == EINTR) continue;
      if (written <= 0) fail("cannot be written");
      bytes.remove_prefix(static_cast<std::size_t>(written));
    }
  }

  void sync() {
    if (::fsync(descriptor_) != 0 && errno != EINVAL) fail("cannot be synced to disk");
  }

  // Gives the users who may read and write the old file the same rights to this one.
  void take_mode_of(const fs::path& target) {
    struct stat old {};
    if (::stat(target.c_str(), &old) == 0) ::fchmod(descriptor_, old.st_mode & 07777);
  }

  void rename_to(const fs::path& target) {
    const RemovalHeld held;
    if (::rename(path_.c_str(), target.c_str()) != 0) fail("cannot be replaced");
    keep();
  }

  void keep() { path_.clear(); }

 private:
  static int create(const fs::path& path) {
    return ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666);
  }

  // Before this file is locked, another run may take it for one that a dead run has left. That run
  // locks it, then removes it. Where there are no locks, other runs remove nothing.
  bool is_ours() const {
    if (::flock(descriptor_, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK) return false;
    struct stat status {};
    return ::fstat(descriptor_, &status) == 0 && status.st_nlink > 0;
  }

  // The result of ::close does not matter: contents that must not be lost have been synced before.
  void close() {
    if (descriptor_ >= 0) ::close(std::exchange(descriptor_, -1));
  }

  // Throws std::runtime_error: neither a full disk nor a failing one is a mistake of the user's.
  [[noreturn]] void fail(const std::string& what) const {
    throw std::runtime_error(concat(shown_.string(), ": ", what, ": ", std::strerror(errno)));
  }

  fs::path shown_, path_;
  std::optional<Unfinished> unfinished_;
  int descriptor_ = -1;
};

void remove_if_dead(const fs::path& path) {
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
  if (descriptor < 0) return;
  struct stat status {};
  if (::fstat(descriptor, &status) == 0 && S_ISREG(status.st_mode) &&
      ::flock(descriptor, LOCK_EX | LOCK_NB) == 0)
    ::unlink(path.c_str());
  ::close(descriptor);
}

// Makes a new file beside `path`, which may then be renamed to `path`.
NewFile new_file_for(const HiddenNames& hidden, const fs::path& path) {
  std::error_code ignored;
  hidden.make_parent(path);
  EDGEVAL_EXPECTS(!fs::is_directory(path, ignored), path.string(),
                  ": is a folder, the name of a file is wanted");
  // Renaming over a device, as root over /dev/null, would replace it.
  EDGEVAL_EXPECTS(!fs::exists(path, ignored) || fs::is_regular_file(path, ignored), path.string(),
                  ": is a device or pipe, the name of a file is wanted");
  for (const fs::path& each : hidden.found()) remove_if_dead(each);
  return NewFile(hidden, path);
}

}  // namespace

void expect_writable(const fs::path& path) { new_file_for(HiddenNames(path), path); }

void write_file(const fs::path& path, std::string_view contents, Sync sync) {
  const HiddenNames hidden(path);
  NewFile file = new_file_for(hidden, path);
  file.write(contents);
  if (sync == Sync::kDisk) file.sync();
  file.take_mode_of(hidden.target());
  file.rename_to(hidden.target());
  if (sync == Sync::kDisk) sync_folder(hidden.parent());
}

void write_new_file(const fs::path& path, std::string_view contents, const fs::path& shown) {
  NewFile file(path, shown);
  file.write(contents);
  file.sync();
  file.keep();
}

}  // namespace edgeval
