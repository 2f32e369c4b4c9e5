// Text as Unicode code points, by the rules that scores of translations are defined with: white
// space as Python's str.split() has it, lower case as str.lower(), the general categories P, S and
// N. UTF-8 wanted; a byte that is none counts as U+FFFD.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace edgeval {

std::u32string code_points(std::string_view text);
std::string utf8(std::u32string_view points);

// Unicode's White_Space, and U+001C to U+001F.
bool is_white_space(char32_t point);
bool is_punctuation(char32_t point);  // category P
bool is_symbol(char32_t point);       // category S
bool is_number(char32_t point);       // category N

// What stands between white space; views into `text`.
std::vector<std::string_view> unicode_words(std::string_view text);

std::string_view without_white_space_behind(std::string_view text);

// The code points that are no white space, each on its own; views into `text`.
std::vector<std::string_view> unicode_characters(std::string_view text);

// Full mapping without a language: a capital sigma at the end of a word becomes the final one,
// dotted I two points.
std::string lower_case(std::string_view text);
std::string upper_case(std::string_view text);  // sharp s becomes two letters

// Unicode's normal form C: a letter and its accent are one code point where there is one.
std::string normal_form_c(std::string_view text);

}  // namespace edgeval
