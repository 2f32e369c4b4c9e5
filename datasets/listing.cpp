// Lines with their places, and the checks of ids, transcripts and audio files (see listing.hpp).
#include "datasets/listing.hpp"

#include <algorithm>
#include <utility>

#include "host/core/error.hpp"
#include "host/core/file.hpp"

namespace edgeval::data {
namespace {

constexpr std::string_view kBlank = " \t\r\v\f";
constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

std::string_view trimmed(std::string_view text) {
  const std::size_t first = text.find_first_not_of(kBlank);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kBlank) - first + 1);
}

}  // namespace

TextFile::TextFile(const std::filesystem::path& path) : path_(path), bytes_(read_file(path)) {
  expect_utf8(bytes_, path_);
  std::string_view rest = bytes_;
  if (rest.starts_with(kByteOrderMark)) rest.remove_prefix(kByteOrderMark.size());
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
  const std::size_t end = std::min(line.find_first_of(kBlank), line.size());
  return {line.substr(0, end), trimmed(line.substr(end))};
}

void UtteranceList::add(Utterance utterance, const std::string& place) {
  EDGEVAL_EXPECTS(!utterance.id.empty(), place, ": the utterance's id is empty");
  const auto [other, is_new] = places_.emplace(utterance.id, place);
  EDGEVAL_EXPECTS(is_new, place, ": the id ", utterance.id, " was used before, at ", other->second);
  std::error_code error;
  EDGEVAL_EXPECTS(std::filesystem::is_regular_file(utterance.audio, error), place, ": ",
                  utterance.audio.string(), ": no such audio file");
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
