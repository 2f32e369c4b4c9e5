// Text files that may be packed with gzip, as parallel corpora are: known by their first two bytes,
// whatever the name, which no UTF-8 text begins with. Members one after the other, as `cat a.gz
// b.gz` makes them, unpack to one text. A small file can unpack to far more than memory holds, so
// what it may unpack to has a budget.
#pragma once

#include <filesystem>
#include <string>

#include "host/core/files/file.hpp"

namespace edgeval::data {

// Bytes that a text may take. Each of its lines counts kLineCost beside its own bytes, about what a
// line takes while it is scored.
inline constexpr std::size_t kTextBudget = std::size_t{1} << 30;
inline constexpr std::size_t kLineCost = 512;

// That budget as people give it.
struct TextBudget {
  std::size_t mebibytes = kTextBudget >> 20;
  std::size_t bytes() const { return mebibytes << 20; }
};

// The file's bytes, unpacked when they are packed. Throws Error, naming the file, when they are
// damaged or end early, when a file called .gz is not packed, and when they exceed the budget,
// before any memory is taken for them. A file that is not packed may exceed it, unless its lines
// are so short that they would take more than kMostPerByte bytes for each of its own.
inline constexpr std::size_t kMostPerByte = 16;
std::string read_unpacked(const std::filesystem::path& path, Pipes pipes = Pipes::kRefused,
                          std::size_t budget = kTextBudget);

}  // namespace edgeval::data
