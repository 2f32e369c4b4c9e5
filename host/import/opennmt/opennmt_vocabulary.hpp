// A vocabulary of an OpenNMT-py checkpoint: the text of every id (`itos`, or a plain list), and the
// id with which training looked up a text (`stoi`). The two are no inverses of each other where a
// text stands several times, as special tokens do in files of early torchtext.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "host/core/matrix.hpp"
#include "host/import/torch/pickle_value.hpp"

namespace edgeval {

struct OpennmtVocabulary {
  std::vector<std::string> tokens;                 // texts by id
  std::map<std::string, std::vector<Index>> many;  // ids of every text that stands repeatedly
  // The ids of stoi; a text that stoi lacks has its last place.
  std::map<std::string, Index> ids;
  bool looked_up = false;  // whether the checkpoint has a stoi

  std::optional<Index> id(const std::string& token) const;
};

// Reads a vocabulary. `side` is "src" or "tgt", `vocab` the checkpoint's entry "vocab". `path`
// opens the messages.
OpennmtVocabulary read_opennmt_vocabulary(const pickle::Value& vocab, const std::string& side,
                                          const std::string& path);

// Returns the text that `key` has in the checkpoint's vocab, or none. Throws when the value is no
// text.
std::optional<std::string> text_of_vocab(const pickle::Value& vocab, const std::string& key,
                                         const std::string& path);

}  // namespace edgeval
