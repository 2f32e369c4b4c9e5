#include "host/import/opennmt/opennmt_vocabulary.hpp"

#include "host/core/error.hpp"
#include "host/core/json.hpp"

namespace edgeval {
namespace {

using pickle::Kind;
using pickle::Value;

// Returns the value of `name` in a dict or in a list of pairs, or null.
const Value* named(const Value* value, const std::string& name) {
  if (value == nullptr) return nullptr;
  if (const Value* found = pickle::find(*value, name)) return found;
  if (value->kind != Kind::kList) return nullptr;
  for (const Value* pair : value->items)
    if (pair->items.size() == 2 && pair->items[0]->kind == Kind::kText &&
        pair->items[0]->text == name)
      return pair->items[1];
  return nullptr;
}

struct Lists {
  const Value* texts = nullptr;  // the texts by id
  const Value* stoi = nullptr;   // or null
};

// Finds the texts of a side. They are a list, or the itos of a torchtext Vocab. A field may hold
// the Vocab, and a field that holds several others may hold that field.
Lists find_lists(const Value* value, const std::string& side) {
  Lists lists;
  for (int depth = 0; value != nullptr && depth < 5; ++depth) {
    if (value->kind == Kind::kList && !value->items.empty() &&
        value->items[0]->kind == Kind::kText) {
      lists.texts = value;
      return lists;
    }
    const Value* inside = attribute(*value, "itos");
    if (inside != nullptr) lists.stoi = attribute(*value, "stoi");
    if (inside == nullptr) inside = attribute(*value, "vocab");
    if (inside == nullptr) inside = named(attribute(*value, "fields"), side);
    if (inside == nullptr) inside = named(value, side);
    value = inside;
  }
  return {};
}

// Reads the ids of stoi, a dict or a defaultdict, for the texts that the vocabulary has. A
// defaultdict also holds what was once looked up and not found.
void read_stoi(const Value& stoi, const std::string& place, OpennmtVocabulary& out) {
  EDGEVAL_EXPECTS(stoi.kind == Kind::kDict || stoi.kind == Kind::kRecord, place, ": stoi is ",
                  described(stoi), ", must be a dict");
  out.looked_up = true;
  for (std::size_t i = 0; i + 1 < stoi.items.size(); i += 2) {
    const Value &text = *stoi.items[i], &number = *stoi.items[i + 1];
    if (text.kind != Kind::kText) continue;
    const std::string token(text.text);
    const auto known = out.ids.find(token);
    if (known == out.ids.end()) continue;
    EDGEVAL_EXPECTS(number.kind == Kind::kInteger, place, ": stoi of ", shown(token), " is ",
                    described(number), ", must be a whole number");
    const Index id = number.integer, count = std::ssize(out.tokens);
    EDGEVAL_EXPECTS(id >= 0 && id < count && out.tokens[static_cast<std::size_t>(id)] == token,
                    place, ": stoi of ", shown(token), " is ", id, ", where itos has ",
                    id >= 0 && id < count ? shown(out.tokens[static_cast<std::size_t>(id)])
                                          : std::string("nothing"));
    known->second = id;
  }
}

}  // namespace

std::optional<Index> OpennmtVocabulary::id(const std::string& token) const {
  const auto found = ids.find(token);
  return found == ids.end() ? std::nullopt : std::optional(found->second);
}

OpennmtVocabulary read_opennmt_vocabulary(const Value& vocab, const std::string& side,
                                          const std::string& path) {
  const std::string place = concat(path, ": vocab: ", side);
  const Lists lists = find_lists(named(&vocab, side), side);
  EDGEVAL_EXPECTS(lists.texts != nullptr, path, ": vocab: no list of tokens for ", side);
  OpennmtVocabulary out;
  for (const Value* token : lists.texts->items) {
    EDGEVAL_EXPECTS(token->kind == Kind::kText, place, ": token ", out.tokens.size(), " is ",
                    described(*token), ", must be a text");
    const Index place_of = std::ssize(out.tokens);
    const auto [known, is_new] = out.ids.emplace(token->text, place_of);
    if (!is_new) {
      std::vector<Index>& places = out.many[known->first];
      if (places.empty()) places.push_back(known->second);
      places.push_back(place_of);
      known->second = place_of;
    }
    out.tokens.emplace_back(token->text);
  }
  if (lists.stoi != nullptr) read_stoi(*lists.stoi, place, out);
  return out;
}

std::optional<std::string> text_of_vocab(const Value& vocab, const std::string& key,
                                         const std::string& path) {
  const Value* value = pickle::find(vocab, key);
  if (value == nullptr || value->kind == Kind::kNone) return std::nullopt;
  EDGEVAL_EXPECTS(value->kind == Kind::kText, path, ": vocab: ", key, " is ", described(*value),
                  ", must be a text");
  return std::string(value->text);
}

}  // namespace edgeval
