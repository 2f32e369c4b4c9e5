// Turns text into ids and back (docs/formats/translation-model.md, "Text processing"): words,
// byte-pair merges (Sennrich et al. 2016), a vocabulary. datasets/train/translation/subwords.py
// does the same.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "host/core/vocabulary.hpp"

namespace edgeval::data {

// Returns the words of a line, after step 3 of "Text processing".
std::vector<std::string> words_of(std::string_view line, const TextConfig& text);

// Safe to use from several threads at once.
class Subwords {
 public:
  // `config` must be one that the reader of model files has checked: its ids are within `tokens`.
  explicit Subwords(VocabularyConfig config);

  const VocabularyConfig& config() const { return config_; }

  // Returns the ids of a line of UTF-8, without bos and eos; empty when the line has no words.
  std::vector<Index> encode(std::string_view line) const;

  // Returns the pieces of the line that encode() looks up, one for each id.
  std::vector<std::string> pieces_of(std::string_view line) const;

  // Returns the text of ids of this vocabulary, as one line whatever the tokens hold. `instead` has
  // one entry for each id, which stands for the id where that is `unk`; when it is empty, the
  // token's own text does.
  std::string decode(std::span<const Index> ids, std::span<const std::string> instead = {}) const;

 private:
  std::vector<std::string> pieces(std::string_view word) const;
  bool is_silent(Index id) const;

  VocabularyConfig config_;
  // The ids of all texts except the special ones; a text that stands several times has its last id.
  std::unordered_map<std::string, Index> ids_;
  // The ranks of merges, by "LEFT RIGHT"; 0 is the first merge learned.
  std::unordered_map<std::string, Index> ranks_;
};

}  // namespace edgeval::data
