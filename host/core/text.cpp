#include "host/core/text.hpp"

#include <algorithm>
#include <cstdio>

namespace edgeval {
namespace {

constexpr std::string_view kSpaces = " \t\n\v\f\r";
constexpr bool is_space(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

constexpr std::string_view kLineBreaks[] = {
    "\n", "\v", "\f", "\r", "\x1C", "\x1D", "\x1E", "\xC2\x85", "\xE2\x80\xA8", "\xE2\x80\xA9"};

// Whether a byte of UTF-8 continues a character.
bool is_inside(char byte) { return (byte & 0xC0) == 0x80; }

// The code point of a complete UTF-8 sequence.
unsigned code_point(std::string_view sequence) {
  // The bits of the first byte that belong to the code point, by the length of the sequence.
  constexpr unsigned kFirst[] = {0, 0x7F, 0x1F, 0x0F, 0x07};
  unsigned code = static_cast<unsigned char>(sequence[0]) & kFirst[sequence.size()];
  for (const char byte : sequence.substr(1))
    code = code << 6 | (static_cast<unsigned char>(byte) & 0x3F);
  return code;
}

bool steers(unsigned code) {
  return code < 0x20 || (code >= 0x7F && code <= 0x9F) || (code >= 0x2028 && code <= 0x202E) ||
         (code >= 0x2066 && code <= 0x2069);
}

std::string escape(unsigned code) {
  if (code == '\n') return "\\n";
  if (code == '\r') return "\\r";
  if (code == '\t') return "\\t";
  char text[16];
  std::snprintf(text, sizeof text, code < 0x80 ? "\\x%02x" : "\\u%04x", code);
  return text;
}

std::string escaped(std::string_view text, bool keeps_line_feeds) {
  std::string shown;
  for (std::size_t i = 0; i < text.size();) {
    const std::string_view sequence = text.substr(i, utf8_length(text.substr(i)));
    char byte[8];
    if (sequence.empty()) {
      std::snprintf(byte, sizeof byte, "\\x%02x", static_cast<unsigned char>(text[i++]));
      shown += byte;
      continue;
    }
    i += sequence.size();
    const unsigned code = code_point(sequence);
    const bool kept = !steers(code) || (code == '\n' && keeps_line_feeds);
    shown += kept ? std::string(sequence) : escape(code);
  }
  return shown;
}

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
  words.reserve(text.size() / 4);
  for (std::size_t begin = 0, end = 0; begin < text.size(); begin = end + 1) {
    end = begin;
    while (end < text.size() && !is_space(text[end])) ++end;
    if (end > begin) words.push_back(text.substr(begin, end - begin));
  }
  return words;
}

std::string single_spaced(std::string_view text) {
  std::string joined;
  joined.reserve(text.size());
  for (const char c : text)
    if (!is_space(c))
      joined += c;
    else if (!joined.empty() && joined.back() != ' ')
      joined += ' ';
  if (!joined.empty() && joined.back() == ' ') joined.pop_back();
  return joined;
}

std::size_t utf8_length(std::string_view bytes) {
  const auto at = [&](std::size_t i) { return static_cast<unsigned char>(bytes[i]); };
  const auto continues = [&](std::size_t i, unsigned low = 0x80, unsigned high = 0xBF) {
    return i < bytes.size() && at(i) >= low && at(i) <= high;
  };
  const unsigned first = at(0);
  if (first < 0x80) return 1;
  if (first >= 0xC2 && first <= 0xDF) return continues(1) ? 2 : 0;
  if (first >= 0xE0 && first <= 0xEF) {
    const unsigned low = first == 0xE0 ? 0xA0 : 0x80;
    const unsigned high = first == 0xED ? 0x9F : 0xBF;
    return continues(1, low, high) && continues(2) ? 3 : 0;
  }
  if (first >= 0xF0 && first <= 0xF4) {
    const unsigned low = first == 0xF0 ? 0x90 : 0x80;
    const unsigned high = first == 0xF4 ? 0x8F : 0xBF;
    return continues(1, low, high) && continues(2) && continues(3) ? 4 : 0;
  }
  return 0;
}

bool is_utf8(std::string_view bytes) {
  while (!bytes.empty()) {
    const std::size_t length = utf8_length(bytes);
    if (length == 0) return false;
    bytes.remove_prefix(length);
  }
  return true;
}

std::string without_line_breaks(std::string_view text) {
  std::string line;
  for (std::size_t i = 0; i < text.size();) {
    const std::string_view rest = text.substr(i);
    const auto end = std::ranges::find_if(
        kLineBreaks, [&](std::string_view each) { return rest.starts_with(each); });
    const bool ends = end != std::end(kLineBreaks);
    line += ends ? ' ' : text[i];
    i += ends ? end->size() : 1;
  }
  return line;
}

std::string printable(std::string_view text) { return escaped(text, /*keeps_line_feeds=*/true); }

std::string visible(std::string_view name) { return escaped(name, /*keeps_line_feeds=*/false); }

std::string message_line(std::string_view text) {
  // The most bytes of a line, and how many of these stand behind a cut.
  constexpr std::size_t kMost = 2000, kEnd = 800;
  std::string line = visible(text);
  if (line.size() <= kMost) return line;
  std::size_t begin = kMost - kEnd, end = line.size() - kEnd;
  while (is_inside(line[begin])) --begin;
  while (is_inside(line[end])) ++end;
  return line.replace(begin, end - begin, " ... ");
}

}  // namespace edgeval
