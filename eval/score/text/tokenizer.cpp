#include "eval/score/text/tokenizer.hpp"

#include <stdexcept>

#include "eval/score/text/unicode.hpp"
#include "host/core/text.hpp"

namespace edgeval {
namespace {

void replace_all(std::string& text, std::string_view from, std::string_view to) {
  for (std::size_t at = text.find(from); at != std::string::npos;
       at = text.find(from, at + to.size()))
    text.replace(at, from.size(), to);
}

bool is_point(char c) { return c == '.' || c == ','; }

// Whether `c` is an ASCII punctuation mark or symbol other than ' , - and period.
bool is_parted(char c) {
  return (c >= '!' && c <= '&') || (c >= '(' && c <= '+') || c == '/' || (c >= ':' && c <= '@') ||
         (c >= '[' && c <= '`') || (c >= '{' && c <= '~');
}

// Goes once over all pairs of neighbours. Where both(first, second) holds, writes the pair with
// spaces as `pattern` has them ("1 2 " is the first, a space, the second, a space) and goes on
// after the pair, so that the leftmost of overlapping pairs counts.
template <class Text, class Both>
Text part_pairs(const Text& text, std::string_view pattern, Both both) {
  Text parted;
  parted.reserve(2 * text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (i + 1 == text.size() || !both(text[i], text[i + 1])) {
      parted += text[i];
      continue;
    }
    for (const char c : pattern) parted += c == '1' ? text[i] : c == '2' ? text[i + 1] : ' ';
    ++i;
  }
  return parted;
}

// Puts a space on either side of every character for which which(c) holds.
template <class Text, class Which>
Text part_each(const Text& text, Which which) {
  Text parted;
  parted.reserve(2 * text.size());
  for (const auto c : text) {
    if (which(c))
      ((parted += ' ') += c) += ' ';
    else
      parted += c;
  }
  return parted;
}

// Works on bytes instead of code points: all classes of characters are ASCII, and neighbours are
// only ever separated at an ASCII character.
std::string part_13a(std::string_view sentence) {
  std::string text(sentence);
  replace_all(text, "<skipped>", "");
  replace_all(text, "&quot;", "\"");
  replace_all(text, "&amp;", "&");
  replace_all(text, "&lt;", "<");
  replace_all(text, "&gt;", ">");
  text = part_each(text.insert(0, 1, ' ').append(1, ' '), is_parted);
  text = part_pairs(text, "1 2 ",
                    [](char first, char second) { return !is_digit(first) && is_point(second); });
  text = part_pairs(text, " 1 2",
                    [](char first, char second) { return is_point(first) && !is_digit(second); });
  return part_pairs(text, "1 2 ",
                    [](char first, char second) { return is_digit(first) && second == '-'; });
}

std::string part_intl(std::string_view sentence) {
  std::u32string text = code_points(sentence);
  const auto behind = [](char32_t first, char32_t second) {
    return !is_number(first) && is_punctuation(second);
  };
  const auto before = [](char32_t first, char32_t second) {
    return is_punctuation(first) && !is_number(second);
  };
  text = part_pairs(text, "1 2 ", behind);
  text = part_pairs(text, " 1 2", before);
  return utf8(part_each(text, is_symbol));
}

std::vector<std::string> owned(const std::vector<std::string_view>& views) {
  return {views.begin(), views.end()};
}

}  // namespace

std::vector<std::string> tokenize(Tokenizer tokenizer, std::string_view sentence) {
  switch (tokenizer) {
    case Tokenizer::k13a:
      return owned(unicode_words(part_13a(sentence)));
    case Tokenizer::kIntl:  // punctuation at the end must have no neighbour after it
      return owned(unicode_words(part_intl(without_white_space_behind(sentence))));
    case Tokenizer::kNone:
      return owned(unicode_words(sentence));
    case Tokenizer::kChar:
      return owned(unicode_characters(sentence));
  }
  throw std::logic_error("unknown tokenizer");
}

}  // namespace edgeval
