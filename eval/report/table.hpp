// Makes text for terminals: tables whose columns are as wide as their widest cell, and paragraphs.
// Characters that would control a terminal are shown as escapes.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace edgeval {

// Returns how many columns of a terminal a UTF-8 text takes.
std::size_t columns(std::string_view text);

// Returns the first five of the names, separated by commas, and "..." for the others.
std::string listed(const std::vector<std::string>& names);

// Returns one line for each row. The first column is aligned to the left, the others to the right,
// with two spaces between them.
std::string table(std::vector<std::vector<std::string>> rows);

// Returns the words of a text in lines of at most `width` columns. The first line begins with
// `indent` spaces, the others with `hanging` spaces more. A word that is longer than a line stands
// alone.
std::string paragraph(const std::string& text, std::size_t indent, std::size_t width = 80,
                      std::size_t hanging = 0);

}  // namespace edgeval
