// Text as words. White space is ASCII's: space, tab, line feed, vertical tab, form feed, carriage
// return.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace edgeval {

// Without the byte order mark that some editors put in front of UTF-8.
std::string_view without_mark(std::string_view text);

// Without white space around; empty when there is nothing else.
std::string_view trimmed(std::string_view text);

// Empty when there is none.
std::string_view first_word(std::string_view text);

// The words between runs of white space; they point into `text`.
std::vector<std::string_view> split_words(std::string_view text);

// The words with one space between them and none around.
std::string single_spaced(std::string_view text);

// For a terminal, whatever the names in it hold: control characters, those of U+0080 to U+009F
// among them, become spaces; line feeds stay where they are wanted.
enum class LineFeeds { kKept, kReplaced };
std::string printable(std::string_view text, LineFeeds line_feeds = LineFeeds::kKept);

}  // namespace edgeval
