// A test set of text: sentences to translate and one or more references of each, a sentence per
// line (docs/formats/test-sets.md). Files may be packed with gzip.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "datasets/text/unpacked.hpp"
#include "host/core/matrix.hpp"

namespace edgeval::data {

struct TextSet {
  std::filesystem::path path;  // of the sources
  std::vector<std::filesystem::path> reference_paths;
  std::vector<std::string> sources;                  // lines as they stand
  std::vector<std::vector<std::string>> references;  // [which one][sentence]; empty: none known

  Index sentences() const { return static_cast<Index>(sources.size()); }
};

// limit: the first so many sentences; 0: all. budget: of each file (read_unpacked). Throws Error
// naming the file when one is missing, empty, damaged or no UTF-8, and both when they do not have
// the same number of lines.
TextSet open_text_set(const std::filesystem::path& sources,
                      const std::vector<std::filesystem::path>& references, Index limit = 0,
                      std::size_t budget = kTextBudget);

// SHA-256 over sources and references: equal for equal texts, packed or not.
std::string text_set_sha256(const TextSet& set);

}  // namespace edgeval::data
