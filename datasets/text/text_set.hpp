// A test set of text: sentences to translate, and one or more references for each, one sentence on
// a line (docs/formats/test-sets.md). The files may be packed with gzip.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "datasets/text/unpacked.hpp"
#include "host/core/matrix.hpp"

namespace edgeval::data {

struct TextSet {
  std::filesystem::path path;  // path of the sources
  std::vector<std::filesystem::path> reference_paths;
  std::vector<std::string> sources;                  // lines as they stand in the file
  std::vector<std::vector<std::string>> references;  // [reference][sentence]; empty: none known

  Index sentences() const { return static_cast<Index>(sources.size()); }
};

// Takes the first `limit` sentences, or all where it is 0. `budget` holds for each file
// (read_unpacked). Throws Error naming the file when one is missing, empty, damaged or not UTF-8,
// and naming both files when they do not have the same number of lines.
TextSet open_text_set(const std::filesystem::path& sources,
                      const std::vector<std::filesystem::path>& references, Index limit = 0,
                      std::size_t budget = kTextBudget);

// Returns the SHA-256 over sources and references, which is equal for equal texts, packed or not.
std::string text_set_sha256(const TextSet& set);

}  // namespace edgeval::data
