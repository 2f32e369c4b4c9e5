// Handles text as Unicode code points, by the rules on which scores of translations are defined:
// white space as Python's str.split() has it, lower case as str.lower() has it, and the general
// categories P, S and N. Texts are UTF-8; a byte that is not valid counts as U+FFFD.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace edgeval {

std::u32string code_points(std::string_view text);
std::string utf8(std::u32string_view points);

// Whether the code point is in Unicode's White_Space or from U+001C to U+001F.
bool is_white_space(char32_t point);
bool is_punctuation(char32_t point);  // category P
bool is_symbol(char32_t point);       // category S
bool is_number(char32_t point);       // category N

// Returns how many columns of a terminal the code point takes: 2 where it is wide, as those of East
// Asia and emoji are; 0 where it shows nothing of its own, as a mark on the one before it; else 1.
std::size_t columns_of(char32_t point);

// Returns the words between white space, as views of `text`.
std::vector<std::string_view> unicode_words(std::string_view text);

// Returns the text without the white space at its end.
std::string_view without_white_space_behind(std::string_view text);

// Returns each code point that is no white space, as a view of `text`.
std::vector<std::string_view> unicode_characters(std::string_view text);

// Return the text in one case, by Unicode's full mapping without the rules of any language: in
// lower case a capital sigma at the end of a word becomes a final sigma, and a dotted I two code
// points; in upper case a sharp s becomes two letters. Throw Error when the text has 2^29 bytes or
// more.
std::string lower_case(std::string_view text);
std::string upper_case(std::string_view text);

// Returns the text in Unicode's normal form C, which writes a letter and its accent as one code
// point where there is one. Throws Error when the text has 2^29 bytes or more.
std::string normal_form_c(std::string_view text);

}  // namespace edgeval
