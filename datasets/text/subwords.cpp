#include "datasets/text/subwords.hpp"

#include <algorithm>
#include <limits>
#include <utility>

#include "host/core/text.hpp"

namespace edgeval::data {
namespace {

constexpr std::string_view kEndOfWord = "\u2581";
constexpr std::string_view kJoiner = "\uffed";

// Returns the bytes of the character at the start of UTF-8 text.
std::size_t character_length(std::string_view text) {
  const auto lead = static_cast<unsigned char>(text.front());
  const std::size_t length = lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
  return std::min(length, text.size());
}

// Lowers A-Z and U+00C0 to U+00DE without U+00D7, which are C3 80 to C3 9E without C3 97.
std::string lowered(std::string_view text) {
  std::string result(text);
  for (std::size_t i = 0; i < result.size(); ++i) {
    const auto byte = static_cast<unsigned char>(result[i]);
    const bool latin =
        i > 0 && result[i - 1] == '\xc3' && byte >= 0x80 && byte <= 0x9e && byte != 0x97;
    if (latin || (byte >= 'A' && byte <= 'Z')) result[i] = static_cast<char>(byte + 32);
  }
  return result;
}

bool is_punctuation(char c) {
  return (c >= '!' && c <= '/') || (c >= ':' && c <= '@') || (c >= '[' && c <= '`') ||
         (c >= '{' && c <= '~');
}

bool is_separator(std::string_view character, const TextConfig& text) {
  if (character.size() == 1)
    return character == " " || (character[0] >= '\t' && character[0] <= '\r');
  return character == "\u00a0" || (character == kJoiner && text.split == "punctuation") ||
         (character == kEndOfWord && text.merges.has_value());
}

// Appends the punctuation marks of a word and the runs between them, all but the first with the
// joiner in front.
void split_punctuation(std::string_view word, std::vector<std::string>& words) {
  for (std::size_t start = 0, end; start < word.size(); start = end) {
    end = start + 1;
    if (!is_punctuation(word[start]))
      while (end < word.size() && !is_punctuation(word[end])) ++end;
    std::string part(start > 0 ? kJoiner : "");
    words.push_back(part.append(word.substr(start, end - start)));
  }
}

std::string pair_key(const std::string& left, const std::string& right) {
  std::string key;
  key.reserve(left.size() + 1 + right.size());
  return key.append(left).append(" ").append(right);  // no symbol holds a space
}

void replace_all(std::string& text, std::string_view what, std::string_view with) {
  std::string result;
  std::size_t start = 0;
  for (std::size_t at; (at = text.find(what, start)) != std::string::npos; start = at + what.size())
    result.append(text, start, at - start).append(with);
  text = result.append(text, start);
}

}  // namespace

std::vector<std::string> words_of(std::string_view line, const TextConfig& text) {
  const std::string whole = text.lowercase ? lowered(line) : std::string(line);
  std::vector<std::string> words;
  const auto add = [&](std::string_view word) {
    if (word.empty()) return;
    if (text.split == "punctuation") {
      split_punctuation(word, words);
    } else {
      words.emplace_back(word);
    }
  };
  std::string_view rest = whole;
  std::size_t end = 0;
  while (end < rest.size()) {
    const std::size_t length = character_length(rest.substr(end));
    if (is_separator(rest.substr(end, length), text)) {
      add(rest.substr(0, end));
      rest.remove_prefix(end + length);
      end = 0;
    } else {
      end += length;
    }
  }
  add(rest);
  return words;
}

Subwords::Subwords(VocabularyConfig config) : config_(std::move(config)) {
  for (Index id = 0; id < std::ssize(config_.tokens); ++id) ids_[config_.tokens[id]] = id;
  // No piece is looked up as a special token, even where its text also stands at another id.
  for (const std::optional<Index> special :
       {std::optional(config_.unk), config_.pad, config_.bos, config_.eos})
    if (special) ids_.erase(config_.tokens[*special]);
  if (!config_.text.merges) return;
  for (const auto& [left, right] : *config_.text.merges)
    ranks_.try_emplace(pair_key(left, right), std::ssize(ranks_));
}

bool Subwords::is_silent(Index id) const {
  return id == config_.pad || id == config_.bos || id == config_.eos;
}

std::vector<std::string> Subwords::pieces(std::string_view word) const {
  if (!config_.text.merges) return {std::string(word)};
  std::vector<std::string> symbols;
  for (; !word.empty(); word.remove_prefix(symbols.back().size()))
    symbols.emplace_back(word.substr(0, character_length(word)));
  symbols.back() += kEndOfWord;
  while (symbols.size() > 1) {
    Index best = std::numeric_limits<Index>::max();
    std::string left, right;
    for (std::size_t i = 0; i + 1 < symbols.size(); ++i) {
      const auto found = ranks_.find(pair_key(symbols[i], symbols[i + 1]));
      if (found == ranks_.end() || found->second >= best) continue;
      best = found->second;
      left = symbols[i];
      right = symbols[i + 1];
    }
    if (best == std::numeric_limits<Index>::max()) break;
    std::vector<std::string> merged;
    for (std::size_t i = 0; i < symbols.size(); ++i) {
      merged.push_back(std::move(symbols[i]));
      if (merged.back() == left && i + 1 < symbols.size() && symbols[i + 1] == right) {
        merged.back() += right;
        ++i;
      }
    }
    symbols = std::move(merged);
  }
  return symbols;
}

std::vector<Index> Subwords::encode(std::string_view line) const {
  std::vector<Index> ids;
  for (const std::string& piece : pieces_of(line)) {
    const auto found = ids_.find(piece);
    ids.push_back(found == ids_.end() ? config_.unk : found->second);
  }
  return ids;
}

std::vector<std::string> Subwords::pieces_of(std::string_view line) const {
  std::vector<std::string> all;
  for (const std::string& word : words_of(line, config_.text))
    for (std::string& piece : pieces(word)) all.push_back(std::move(piece));
  return all;
}

std::string Subwords::decode(std::span<const Index> ids,
                             std::span<const std::string> instead) const {
  const bool merged = config_.text.merges.has_value();
  std::string text;
  for (std::size_t i = 0; i < ids.size(); ++i) {
    const Index id = ids[i];
    if (is_silent(id)) continue;
    if (!merged && !text.empty()) text += ' ';
    const bool replaced = id == config_.unk && !instead.empty();
    text += replaced ? instead[i] : config_.tokens[id];
    if (merged && id == config_.unk && !text.ends_with(kEndOfWord)) text += kEndOfWord;
  }
  text = without_line_breaks(text);
  if (merged) {
    replace_all(text, kEndOfWord, " ");
    text.erase(text.find_last_not_of(' ') + 1);
    text.erase(0, text.find_first_not_of(' '));
  }
  if (config_.text.split == "punctuation") {
    replace_all(text, std::string(" ").append(kJoiner), "");
    replace_all(text, kJoiner, "");
  }
  return text;
}

}  // namespace edgeval::data
