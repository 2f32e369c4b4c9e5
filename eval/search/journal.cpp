#include "eval/search/journal.hpp"

#include <zlib.h>

#include <fstream>
#include <optional>
#include <string>

#include "host/core/error.hpp"
#include "host/core/number_text.hpp"

namespace edgeval {
namespace {

constexpr std::string_view kBefore = R"({"crc":")", kBetween = R"(","entry":)", kBehind = "}";
constexpr std::size_t kDigits = 8;

std::string checksum(std::string_view text) {
  const auto* bytes = reinterpret_cast<const Bytef*>(text.data());
  return printed("%08lx", crc32_z(0, bytes, text.size()));
}

// Returns the entry of a line, or nothing when the line is not as append() wrote it.
std::optional<std::string_view> entry_of(std::string_view line) {
  if (!line.starts_with(kBefore) || !line.ends_with(kBehind)) return std::nullopt;
  line.remove_prefix(kBefore.size());
  const std::string_view digits = line.substr(0, kDigits);
  line.remove_prefix(digits.size());
  if (!line.starts_with(kBetween)) return std::nullopt;
  line.remove_prefix(kBetween.size());
  line.remove_suffix(kBehind.size());
  if (checksum(line) != digits) return std::nullopt;
  return line;
}

}  // namespace

std::uint64_t read_journal(const std::filesystem::path& path, const ReadEntry& read) {
  std::ifstream file(path, std::ios::binary);
  EDGEVAL_EXPECTS(file.is_open(), path.string(), ": cannot be read");
  std::uint64_t whole = 0, place = 0, number = 0, damaged = 0;
  for (std::string line; std::getline(file, line); place += line.size() + 1) {
    ++number;
    const bool torn = file.eof();  // the line break is missing
    const std::optional<std::string_view> entry = torn ? std::nullopt : entry_of(line);
    if (!entry) {
      if (damaged == 0) damaged = number;
      continue;
    }
    EDGEVAL_EXPECTS(damaged == 0, path.string(), ": line ", damaged,
                    " is damaged, and whole lines follow it; restore the file from a copy, or "
                    "remove it and sweep again");
    read(*entry, place + static_cast<std::uint64_t>(entry->data() - line.data()));
    whole = place + line.size() + 1;
  }
  EDGEVAL_EXPECTS(!file.bad(), path.string(), ": cannot be read");
  return whole;
}

std::optional<std::string> first_entry(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  EDGEVAL_EXPECTS(file.is_open(), path.string(), ": cannot be read");
  std::string line;
  if (!std::getline(file, line) || file.eof()) return std::nullopt;
  const std::optional<std::string_view> entry = entry_of(line);
  return entry ? std::optional<std::string>(*entry) : std::nullopt;
}

Journal::Journal(const std::filesystem::path& file, const ReadEntry& read) : file_(file) {
  file_.cut(read_journal(file, read));
}

std::uint64_t Journal::append(std::string_view entry) {
  std::string line(kBefore);
  line += checksum(entry);
  line += kBetween;
  line += entry;
  line += kBehind;
  line += '\n';
  file_.append(line);
  return line.size();
}

}  // namespace edgeval
