// A journal keeps what a long job has found, so that a job that was killed can go on. It is a file
// of lines, each a JSON object {"crc": "0a1b2c3d", "entry": ...}, and lines are only ever added.
// The checksum of the first line is the CRC-32 of its entry's text; that of another line is the
// CRC-32 of the text of the first entry with that of its own behind it, so that no line of another
// journal passes for one of this (docs/formats/sweep.md).
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "host/core/files/append_file.hpp"

namespace edgeval {

// Receives the text of an entry, without its checksum, and the place in the file where it begins.
using ReadEntry = std::function<void(std::string_view entry, std::uint64_t place)>;

// Calls `read` with every entry of a journal in its order, and returns how many bytes its lines
// have. A last line without a line break, as a killed process or a full disk leaves it, is left
// out. Throws Error when another line is damaged or belongs to another journal.
std::uint64_t read_journal(const std::filesystem::path& file, const ReadEntry& read);

// How far a journal was read that another process may still write to.
struct JournalPlace {
  std::uint64_t bytes = 0, lines = 0;
  std::uint32_t head = 0;  // the CRC-32 of the first entry
};

// Does the same from a place on, which it moves behind the last whole line.
void read_further(const std::filesystem::path& file, JournalPlace& place, const ReadEntry& read);

// Returns the first entry of a journal, or nothing where its first line is not whole.
std::optional<std::string> first_entry(const std::filesystem::path& file);

// A journal that is open for more entries, by one process at a time.
class Journal {
 public:
  // Opens or makes the file, cuts off what follows its last whole line, and calls `read` with what
  // it has. Throws Error when another process writes to it, and as read_journal does.
  Journal(const std::filesystem::path& file, const ReadEntry& read);

  // Adds an entry, which is a JSON value without line breaks, and returns the bytes of its line.
  // Throws std::runtime_error when the disk fails or is full; the journal is then of use up to the
  // entry before.
  std::uint64_t append(std::string_view entry);
  void sync() { file_.sync(); }

 private:
  AppendFile file_;
  std::optional<std::uint32_t> head_;  // the CRC-32 of the first entry
};

}  // namespace edgeval
