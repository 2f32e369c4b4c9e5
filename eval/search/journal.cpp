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

// Returns the CRC-32 of a text with this one before it.
std::uint32_t crc_behind(std::uint32_t before, std::string_view text) {
  const auto* bytes = reinterpret_cast<const Bytef*>(text.data());
  return static_cast<std::uint32_t>(crc32_z(before, bytes, text.size()));
}

// Returns the entry of a line, or nothing when the line is not as append() wrote it. `head` is the
// CRC-32 of the journal's first entry, and 0 for that one.
std::optional<std::string_view> entry_of(std::string_view line, std::uint32_t head) {
  if (!line.starts_with(kBefore) || !line.ends_with(kBehind)) return std::nullopt;
  line.remove_prefix(kBefore.size());
  const std::string_view digits = line.substr(0, kDigits);
  line.remove_prefix(digits.size());
  if (!line.starts_with(kBetween)) return std::nullopt;
  line.remove_prefix(kBetween.size());
  line.remove_suffix(kBehind.size());
  if (printed("%08x", crc_behind(head, line)) != digits) return std::nullopt;
  return line;
}

// Opens a journal for reading. A pipe, for instance, would never end.
std::ifstream opened(const std::filesystem::path& path) {
  std::error_code error;
  const std::filesystem::file_status status = std::filesystem::status(path, error);
  EDGEVAL_EXPECTS(!std::filesystem::exists(status) || std::filesystem::is_regular_file(status),
                  path.string(), ": is no file; a journal is wanted");
  std::ifstream file(path, std::ios::binary);
  EDGEVAL_EXPECTS(file.is_open(), path.string(), ": cannot be read");
  return file;
}

}  // namespace

std::uint64_t read_journal(const std::filesystem::path& path, const ReadEntry& read) {
  JournalPlace place;
  read_further(path, place, read);
  return place.bytes;
}

void read_further(const std::filesystem::path& path, JournalPlace& place, const ReadEntry& read) {
  std::ifstream file = opened(path);
  file.seekg(static_cast<std::streamoff>(place.bytes));
  for (std::string line; std::getline(file, line); place.bytes += line.size() + 1) {
    if (file.eof()) break;  // the line break is missing
    const std::uint64_t number = ++place.lines;
    const std::optional<std::string_view> entry = entry_of(line, place.head);
    EDGEVAL_EXPECTS(entry, path.string(), ": line ", number,
                    " is damaged or of another journal; restore the file from a copy, or ",
                    number == 1 ? "remove it"
                                : concat("cut it off before that line (head -n ", number - 1, ")"),
                    ", and --resume runs anew what it lacks");
    read(*entry, place.bytes + static_cast<std::uint64_t>(entry->data() - line.data()));
    if (number == 1) place.head = crc_behind(0, *entry);
  }
  EDGEVAL_EXPECTS(!file.bad(), path.string(), ": cannot be read");
}

std::optional<std::string> first_entry(const std::filesystem::path& path) {
  std::ifstream file = opened(path);
  std::string line;
  if (!std::getline(file, line) || file.eof()) return std::nullopt;
  const std::optional<std::string_view> entry = entry_of(line, 0);
  return entry ? std::optional<std::string>(*entry) : std::nullopt;
}

Journal::Journal(const std::filesystem::path& file, const ReadEntry& read) : file_(file) {
  file_.cut(read_journal(file, [&](std::string_view entry, std::uint64_t place) {
    if (!head_) head_ = crc_behind(0, entry);
    read(entry, place);
  }));
}

std::uint64_t Journal::append(std::string_view entry) {
  std::string line(kBefore);
  const std::uint32_t crc = crc_behind(head_.value_or(0), entry);
  if (!head_) head_ = crc;
  line += printed("%08x", crc);
  line += kBetween;
  line += entry;
  line += kBehind;
  line += '\n';
  file_.append(line);
  return line.size();
}

}  // namespace edgeval
