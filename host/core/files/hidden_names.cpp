#include "host/core/files/hidden_names.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <random>

#include "host/core/error.hpp"
#include "host/core/files/file.hpp"
#include "host/core/files/path.hpp"

namespace edgeval {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kMark = ".edgeval-";
constexpr std::size_t kLetters = 12;
// The name with what is put around it must stay within the 255 bytes that a file system allows.
constexpr std::size_t kLongestName = 200;

// Shortens a longer name to its beginning and a hash of the whole name.
std::string shortened(const std::string& name) {
  if (name.size() <= kLongestName) return name;
  constexpr std::size_t kDigits = 16;
  return concat(name.substr(0, kLongestName - kDigits), sha256(name).substr(0, kDigits));
}

bool is_letter(char c) { return c >= 'a' && c <= 'z'; }

fs::path resolved(const fs::path& target) {
  std::error_code error;
  fs::path path = fs::weakly_canonical(fs::absolute(target, error), error);
  if (error || path.empty()) path = fs::absolute(target, error).lexically_normal();
  if (path.has_filename() || !path.has_relative_path()) return path;
  return path.parent_path();  // "out/" is "out"
}

}  // namespace

HiddenNames::HiddenNames(const fs::path& target)
    : target_(resolved(target)),
      prefix_(concat(".", shortened(target_.filename().string()), kMark)) {}

fs::path HiddenNames::named(const std::string& end) const { return parent() / (prefix_ + end); }

fs::path HiddenNames::random() const {
  std::random_device device;
  std::string letters;
  for (std::size_t i = 0; i < kLetters; ++i) letters += static_cast<char>('a' + device() % 26);
  return named(letters);
}

std::vector<fs::path> HiddenNames::found() const {
  std::vector<fs::path> paths;
  std::error_code error;
  for (fs::directory_iterator at(parent(), error), end; !error && at != end; at.increment(error)) {
    const std::string name = at->path().filename().string();
    if (name.size() == prefix_.size() + kLetters && name.starts_with(prefix_) &&
        std::all_of(name.begin() + static_cast<std::ptrdiff_t>(prefix_.size()), name.end(),
                    is_letter))
      paths.push_back(at->path());
  }
  return paths;
}

void HiddenNames::make_parent(const fs::path& named) const {
  std::error_code error, ignored;
  fs::create_directories(parent(), error);
  const fs::path shown = named.has_parent_path() ? named.parent_path() : fs::path(".");
  if (error) throw_system_error(shown.string(), "the folder cannot be made", error.value());
  EDGEVAL_EXPECTS(fs::is_directory(parent(), ignored), shown.string(),
                  ": the folder cannot be made: a file has this name");
  struct stat status {};
  if (::lstat(target_.c_str(), &status) != 0 && errno != ENOENT)
    throw_system_error(named.string(), "cannot be made", errno);
  EDGEVAL_EXPECTS(!S_ISLNK(status.st_mode), named.string(),
                  ": is a link that leads nowhere; make what it leads to, or remove it");
}

void sync_folder(const fs::path& folder) {
  const int descriptor = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0) return;
  ::fsync(descriptor);
  ::close(descriptor);
}

}  // namespace edgeval
