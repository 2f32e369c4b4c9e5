// Implements lines with their places and the checks of ids, transcripts and audio files.
#include "datasets/layouts/listing.hpp"

#include <algorithm>
#include <utility>

#include "host/core/error.hpp"
#include "host/core/files/file.hpp"
#include "host/core/files/path.hpp"
#include "host/core/text.hpp"

namespace edgeval::data {
TextFile::TextFile(const std::filesystem::path& path) : path_(path), bytes_(read_file(path)) {
  expect_utf8(bytes_, path_);
  std::string_view rest = without_mark(bytes_);
  for (Index number = 1; !rest.empty(); ++number) {
    const std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(rest.size(), line.size() + 1));
    if (!trimmed(line).empty()) lines_.push_back({trimmed(line), number});
  }
}

std::string TextFile::place(const Line& line) const {
  return concat(path_.string(), ":", line.number);
}

std::pair<std::string_view, std::string_view> split_first_word(std::string_view line) {
  line = trimmed(line);
  const std::string_view word = first_word(line);
  return {word, trimmed(line.substr(word.size()))};
}

void UtteranceList::add(Utterance utterance, const std::string& place) {
  EDGEVAL_EXPECTS(!utterance.id.empty(), place, ": the utterance's id is empty");
  const auto [other, is_new] = places_.emplace(utterance.id, place);
  EDGEVAL_EXPECTS(is_new, place, ": the id ", utterance.id, " was used before, at ", other->second);
  const PathState audio = path_state(utterance.audio);
  if (audio.error != 0)
    throw_system_error(concat(place, ": ", utterance.audio.string()), "cannot be reached",
                       audio.error);
  EDGEVAL_EXPECTS(audio.kind == PathKind::kFile, place, ": ", utterance.audio.string(),
                  ": no such audio file");
  utterances_.push_back(std::move(utterance));
}

TextsById::TextsById(const std::filesystem::path& path, const char* what, Parse parse)
    : path_(path), what_(what) {
  const TextFile file(path);
  for (const Line& line : file.lines()) {
    const std::string place = file.place(line);
    auto [id, text] = parse(line.text, place);
    const auto [entry, is_new] = entries_.try_emplace(id, Entry{std::move(text), place});
    EDGEVAL_EXPECTS(is_new, place, ": ", id, " had a ", what_, " before, at ", entry->second.place);
    order_.push_back(std::move(id));
  }
}

std::string TextsById::take(const std::string& id, const std::string& place) {
  const auto entry = entries_.find(id);
  EDGEVAL_EXPECTS(entry != entries_.end(), place, ": ", id, " has no ", what_, " in ",
                  path_.string());
  entry->second.taken = true;
  return entry->second.text;
}

void TextsById::expect_all_taken(const std::filesystem::path& list) const {
  for (const std::string& id : order_) {
    const Entry& entry = entries_.at(id);
    EDGEVAL_EXPECTS(entry.taken, entry.place, ": ", id, " has a ", what_, ", but is not in ",
                    list.string());
  }
}

}  // namespace edgeval::data
