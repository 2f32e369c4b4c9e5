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

// Length of the UTF-8 sequence at the start of `bytes`, which are not empty; 0 when there is none
// (RFC 3629, table 3-7 of Unicode).
std::size_t utf8_length(std::string_view bytes);
bool is_utf8(std::string_view bytes);

// With a space for every character that ends a line, here or in other tools: line feed, vertical
// tab, form feed, carriage return, U+001C to U+001E, U+0085, U+2028, U+2029.
std::string without_line_breaks(std::string_view text);

// For a terminal, whatever the names in it hold. What would steer it shows as an escape such as
// \x1b or \u009b: control characters, those of U+0080 to U+009F among them, separators of lines and
// paragraphs, characters that turn the direction of writing, and bytes that are not UTF-8. Line
// feeds, the layout of the text, stay.
std::string printable(std::string_view text);

// The same for a name within a line: its line feeds show as \n.
std::string visible(std::string_view name);

// A message as one line for a terminal: visible, and where it is longer than 2000 bytes cut in the
// middle, as a file's names may have any length.
std::string message_line(std::string_view text);

}  // namespace edgeval
