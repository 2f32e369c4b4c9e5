// How a line of text becomes ids and comes back: the settings that a translation model's file has
// for each of its two languages (docs/formats/translation-model.md, "Text processing"). The fields
// have the names of the JSON's keys.
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
  // Byte-pair merges in the order in which they were learned. Without this key every word is one
  // piece.
  std::optional<std::vector<std::pair<std::string, std::string>>> merges;
};

struct VocabularyConfig {
  TextConfig text;
  std::vector<std::string> tokens;  // texts of the tokens, by id
  Index unk = 0;
  std::optional<Index> pad, bos, eos;
};

}  // namespace edgeval
