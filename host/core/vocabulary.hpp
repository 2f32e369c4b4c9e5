// How a line of text becomes ids and comes back: what a translation model's file says of each side
// (docs/formats/translation-model.md, "Text processing"). Field names are those of the JSON.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "host/core/matrix.hpp"

namespace edgeval {

struct TextConfig {
  bool lowercase = false;
  std::string split = "space";  // space | punctuation
  // Byte-pair merges, the first learned at the front; without the key a word is a piece.
  std::optional<std::vector<std::pair<std::string, std::string>>> merges;
};

struct VocabularyConfig {
  TextConfig text;
  std::vector<std::string> tokens;  // by id
  Index unk = 0;
  std::optional<Index> pad, bos, eos;
};

}  // namespace edgeval
