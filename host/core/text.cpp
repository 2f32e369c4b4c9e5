#include "host/core/text.hpp"

namespace edgeval {
namespace {

constexpr std::string_view kSpaces = " \t\n\v\f\r";

}  // namespace

std::string_view without_mark(std::string_view text) {
  constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
  if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
  return text;
}

std::string_view trimmed(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(kSpaces);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kSpaces) + 1 - begin);
}

std::string_view first_word(std::string_view text) {
  const std::string_view begun = trimmed(text);
  return begun.substr(0, begun.find_first_of(kSpaces));
}

std::vector<std::string_view> split_words(std::string_view text) {
  std::vector<std::string_view> words;
  for (std::size_t begin = text.find_first_not_of(kSpaces); begin != std::string_view::npos;) {
    const std::size_t end = text.find_first_of(kSpaces, begin);
    words.push_back(text.substr(begin, end - begin));
    begin = text.find_first_not_of(kSpaces, end);
  }
  return words;
}

std::string single_spaced(std::string_view text) {
  std::string joined;
  for (const std::string_view word : split_words(text)) {
    if (!joined.empty()) joined += ' ';
    joined += word;
  }
  return joined;
}

std::string printable(std::string_view text, LineFeeds line_feeds) {
  std::string shown;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    const auto next = i + 1 < text.size() ? static_cast<unsigned char>(text[i + 1]) : 0;
    const bool feed = byte == '\n' && line_feeds == LineFeeds::kKept;
    if (byte == 0xC2 && next >= 0x80 && next <= 0x9F) {
      shown += ' ';
      ++i;
    } else {
      shown += (byte < 32 && !feed) || byte == 127 ? ' ' : text[i];
    }
  }
  return shown;
}

}  // namespace edgeval
