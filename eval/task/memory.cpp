#include "eval/task/memory.hpp"

#include <unistd.h>

#include <algorithm>
#include <optional>
#include <sstream>
#include <string>

#include "host/core/files/file.hpp"

namespace edgeval {
namespace {

namespace fs = std::filesystem;

std::string text_of(const fs::path& file) {
  std::error_code error;
  return fs::is_regular_file(file, error) ? read_file(file) : "";
}

// Returns the number with which `text` starts, or nothing when it starts with none: "max", or the
// empty text of a missing file.
std::optional<double> number_of(const std::string& text) {
  std::istringstream stream(text);
  double number = 0;
  return stream >> number ? std::optional(number) : std::nullopt;
}

// Returns the rest of the first line that starts with `key`, or an empty text.
std::string after(const std::string& text, const std::string& key) {
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);)
    if (line.starts_with(key)) return line.substr(key.size());
  return "";
}

}  // namespace

double available_memory(const fs::path& root) {
  double available =
      static_cast<double>(::sysconf(_SC_PHYS_PAGES)) * static_cast<double>(::sysconf(_SC_PAGESIZE));
  if (const auto kibibytes = number_of(after(text_of(root / "proc/meminfo"), "MemAvailable:")))
    available = *kibibytes * 1024;
  const fs::path groups = root / "sys/fs/cgroup";
  fs::path group = fs::path(after(text_of(root / "proc/self/cgroup"), "0::")).relative_path();
  for (;; group = group.parent_path()) {
    const auto most = number_of(text_of(groups / group / "memory.max"));
    const auto used = number_of(text_of(groups / group / "memory.current"));
    if (most && used) available = std::min(available, std::max(*most - *used, 0.0));
    if (group.empty()) return available;
  }
}

}  // namespace edgeval
