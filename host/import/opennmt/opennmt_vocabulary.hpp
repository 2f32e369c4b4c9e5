// A vocabulary of an OpenNMT-py checkpoint: the text of every id (`itos`, or a plain list), and the
// id with which training looked a text up (`stoi`). They are no inverses of each other where a text
// stands several times, as the special ones do in files of torchtext's early days.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "host/core/matrix.hpp"
#include "host/import/torch/pickle_value.hpp"

namespace edgeval {

struct OpennmtVocabulary {
  std::vector<std::string> tokens;                 // by id
  std::map<std::string, std::vector<Index>> many;  // where each text stands that does so repeatedly
  std::map<std::string, Index> ids;  // as stoi has them; those that it lacks have their last place
  bool looked_up = false;            // whether there is a stoi

  std::optional<Index> id(const std::string& token) const;
};

// `side` is "src" or "tgt", `vocab` the checkpoint's entry of that name. `path` opens the messages.
OpennmtVocabulary read_opennmt_vocabulary(const pickle::Value& vocab, const std::string& side,
                                          const std::string& path);

// The text that `key` has in the checkpoint's vocab, or none. Throws when it is no text.
std::optional<std::string> text_of_vocab(const pickle::Value& vocab, const std::string& key,
                                         const std::string& path);

}  // namespace edgeval
