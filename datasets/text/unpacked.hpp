// Reads text files that may be packed with gzip, as parallel corpora are. Packed files are
// recognised by their first two bytes, with which no UTF-8 text begins, whatever their names are.
// Members one after the other, as `cat a.gz b.gz` makes them, unpack to one text. A small file can
// unpack to far more than memory holds, so there is a budget for what it unpacks to.
#pragma once

#include <filesystem>
#include <string>

#include "host/core/files/file.hpp"

namespace edgeval::data {

// The bytes that a text may take. Each line counts kLineCost bytes beside its own, about as many as
// a line takes while it is scored.
inline constexpr std::size_t kTextBudget = std::size_t{1} << 30;
inline constexpr std::size_t kLineCost = 512;

// The budget as people give it.
struct TextBudget {
  std::size_t mebibytes = kTextBudget >> 20;
  std::size_t bytes() const { return mebibytes << 20; }
};

// Returns the bytes of the file, unpacked when they are packed. Throws Error, naming the file, when
// they are damaged or end early, when a file called .gz is not packed, and when they exceed the
// budget, before any memory is taken for them. A file that is not packed may exceed it, unless its
// lines are so short that they would take more than kMostPerByte bytes for each byte of the file.
inline constexpr std::size_t kMostPerByte = 16;
std::string read_unpacked(const std::filesystem::path& path, Pipes pipes = Pipes::kRefused,
                          std::size_t budget = kTextBudget);

}  // namespace edgeval::data
