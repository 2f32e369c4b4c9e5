// Functions on text. White space is that of ASCII: space, tab, line feed, vertical tab, form feed
// and carriage return.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace edgeval {

// Whether a character is one of the ten digits of ASCII.
constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }

// Removes the byte order mark that some editors put in front of UTF-8.
std::string_view without_mark(std::string_view text);

// Removes the white space around a text.
std::string_view trimmed(std::string_view text);

// Returns the first word, or an empty text when there is none.
std::string_view first_word(std::string_view text);

// The words between runs of white space; they point into `text`.
std::vector<std::string_view> split_words(std::string_view text);

// Returns the words with one space between them and none around them.
std::string single_spaced(std::string_view text);

// Returns the length of the UTF-8 sequence at the start of `bytes`, which may not be empty; 0 when
// it is not valid (table 3-7 of Unicode, RFC 3629).
std::size_t utf8_length(std::string_view bytes);
bool is_utf8(std::string_view bytes);

// Replaces every character that ends a line, here or in other tools, by a space: line feed,
// vertical tab, form feed, carriage return, U+001C to U+001E, U+0085, U+2028 and U+2029.
std::string without_line_breaks(std::string_view text);

// Makes a text safe for a terminal. What would steer the terminal becomes an escape such as \x1b or
// \u009b: control characters, among them U+0080 to U+009F, separators of lines and paragraphs,
// characters that turn the direction of writing, and bytes that are not UTF-8. Line feeds stay, as
// they are the layout of the text.
std::string printable(std::string_view text);

// Makes a name within a line safe for a terminal, as printable() does. A line feed becomes
// a backslash and an n.
std::string visible(std::string_view name);

// Returns a message as one line for a terminal, as visible() does. A message of more than 2000
// bytes is cut in the middle, as the names in it may have any length.
std::string message_line(std::string_view text);

}  // namespace edgeval
