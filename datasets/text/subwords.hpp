// Text to ids and back (docs/formats/translation-model.md, "Text processing"): words, byte-pair
// merges (Sennrich et al. 2016), a vocabulary. datasets/train/translation/subwords.py does the
// same.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "host/core/vocabulary.hpp"

namespace edgeval::data {

// The words of a line, after step 3.
std::vector<std::string> words_of(std::string_view line, const TextConfig& text);

// Safe to use from several threads at once.
class Subwords {
 public:
  // `config` is one that the reader of model files has checked: ids are within `tokens`.
  explicit Subwords(VocabularyConfig config);

  const VocabularyConfig& config() const { return config_; }

  // The ids of a line of UTF-8, without bos and eos; empty when it has no words.
  std::vector<Index> encode(std::string_view line) const;

  // The pieces of the line that encode() looks up, one for each id.
  std::vector<std::string> pieces_of(std::string_view line) const;

  // The text of ids of this vocabulary, one line whatever its tokens hold. instead: what stands for
  // each id that is `unk`, one entry for each id; empty: the token's own text.
  std::string decode(std::span<const Index> ids, std::span<const std::string> instead = {}) const;

 private:
  std::vector<std::string> pieces(std::string_view word) const;
  bool is_silent(Index id) const;

  VocabularyConfig config_;
  std::unordered_map<std::string, Index> ids_;    // of all texts but the special ones; the last
  std::unordered_map<std::string, Index> ranks_;  // of merges: "LEFT RIGHT", 0 the first learned
};

}  // namespace edgeval::data
