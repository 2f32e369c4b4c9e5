#include "host/core/files/append_file.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <stdexcept>

#include "host/core/error.hpp"
#include "host/core/files/path.hpp"

namespace edgeval {

namespace {

void make_folder(const std::filesystem::path& folder) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) throw_system_error(folder.string(), "cannot be made", error.value());
}

}  // namespace

FolderLock::FolderLock(const std::filesystem::path& folder) {
  make_folder(folder);
  descriptor_ = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  while (descriptor_ >= 0 && ::flock(descriptor_, LOCK_EX) != 0 && errno == EINTR) {
  }
}

FolderLock::~FolderLock() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

AppendFile::AppendFile(const std::filesystem::path& path) : path_(path) {
  make_folder(path.parent_path());
  // O_NONBLOCK has an effect on pipes alone, which would wait for a reader.
  descriptor_ = ::open(path.c_str(),
                       O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0666);
  if (descriptor_ < 0) throw_system_error(path.string(), "cannot be opened", errno);
  // Without locks, as on some network file systems, nothing can be said about other processes.
  if (::flock(descriptor_, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK) return;
  ::close(descriptor_);
  throw Error(concat(path.string(), ": another edgeval writes to it; wait until that one ends"));
}

AppendFile::~AppendFile() { ::close(descriptor_); }

void AppendFile::cut(std::uint64_t bytes) {
  if (::ftruncate(descriptor_, static_cast<off_t>(bytes)) != 0) fail("cannot be cut");
}

void AppendFile::append(std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(descriptor_, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) fail("cannot be written");
    text.remove_prefix(static_cast<std::size_t>(written));
  }
}

void AppendFile::sync() {
  if (::fdatasync(descriptor_) != 0 && errno != EINVAL) fail("cannot be synced to disk");
}

// Throws std::runtime_error: neither a full disk nor a failing one is a mistake of the user's.
void AppendFile::fail(const char* what) const {
  throw std::runtime_error(concat(path_.string(), ": ", what, ": ", std::strerror(errno)));
}

}  // namespace edgeval
