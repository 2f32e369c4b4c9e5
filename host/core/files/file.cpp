#include "host/core/files/file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <new>
#include <stdexcept>
#include <utility>

#include "host/core/error.hpp"
#include "host/core/files/path.hpp"
#include "host/core/sha256.hpp"
#include "host/core/text.hpp"

namespace edgeval {
namespace {

// A descriptor that reads a file, or a pipe where one is welcome.
class OpenFile {
 public:
  OpenFile(const std::filesystem::path& path, Pipes pipes) : name_(path.string()) {
    // Where pipes are refused, opening one does not wait for its writer.
    const int flags = O_RDONLY | O_CLOEXEC | O_NOCTTY | (pipes == Pipes::kRefused ? O_NONBLOCK : 0);
    do {
      descriptor_ = ::open(path.c_str(), flags);
    } while (descriptor_ < 0 && errno == EINTR);
    EDGEVAL_EXPECTS(descriptor_ >= 0 || (errno != ENOENT && errno != ENOTDIR), name_,
                    ": no such file");
    if (descriptor_ < 0) throw_system_error(name_, "cannot be opened", errno);
    try {
      check_kind(pipes);
    } catch (...) {
      ::close(descriptor_);
      throw;
    }
  }
  OpenFile(const OpenFile&) = delete;
  ~OpenFile() { ::close(descriptor_); }

  // Reads everything to the end, up to `most` bytes, even where the system gave a wrong size.
  void read_into(std::string& bytes, std::size_t most) const {
    expect_size(size_, most);
    bytes.resize(size_ + 1);  // the extra byte lets a whole file end at its second reading
    for (std::size_t end = 0;;) {
      if (end == bytes.size()) bytes.resize(2 * end);
      const ssize_t read = ::read(descriptor_, bytes.data() + end, bytes.size() - end);
      if (read < 0 && errno == EINTR) continue;
      if (read < 0) throw_system_error(name_, "cannot be read", errno);
      end += static_cast<std::size_t>(read);
      expect_size(end, most);
      if (read == 0) return bytes.resize(end);
    }
  }

 private:
  void expect_size(std::size_t size, std::size_t most) const {
    EDGEVAL_EXPECTS(size <= most, name_, ": has ", size, " bytes, at most ", most, " are read");
  }

  void check_kind(Pipes pipes) {
    struct stat status {};
    if (::fstat(descriptor_, &status) != 0) throw_system_error(name_, "cannot be read", errno);
    EDGEVAL_EXPECTS(!S_ISDIR(status.st_mode), name_, ": is a folder, a file is wanted");
    const bool pipe = pipes == Pipes::kWelcome && S_ISFIFO(status.st_mode);
    EDGEVAL_EXPECTS(pipe || S_ISREG(status.st_mode), name_,
                    ": is a device or pipe, a file is wanted");
    if (S_ISREG(status.st_mode)) size_ = static_cast<std::size_t>(status.st_size);
  }

  std::string name_;
  int descriptor_ = -1;
  std::size_t size_ = 4096;
};

}  // namespace

std::string read_file(const std::filesystem::path& path, Pipes pipes, std::size_t most) {
  const OpenFile file(path, pipes);
  std::string bytes;
  try {
    file.read_into(bytes, most);
  } catch (const std::bad_alloc&) {
    throw std::runtime_error(concat(path.string(), ": out of memory while it was read"));
  }
  return bytes;
}

std::string sha256(std::string_view bytes) {
  Sha256 hash;
  hash.add(bytes);
  return hash.finish();
}

void expect_utf8(std::string_view bytes, const std::filesystem::path& path) {
  for (std::size_t i = 0; i < bytes.size();) {
    const std::size_t length = utf8_length(bytes.substr(i));
    EDGEVAL_EXPECTS(
        length > 0, path.string(), ":",
        1 + std::count(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(i), '\n'),
        ": not UTF-8; convert the file, for instance with iconv -t UTF-8");
    i += length;
  }
}

}  // namespace edgeval
