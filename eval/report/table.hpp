// Text for terminals: tables whose columns are as wide as their widest cell, and paragraphs. Both
// show what would steer a terminal as escapes.
#pragma once

#include <string>
#include <vector>

namespace edgeval {

// The first column to the left, the others to the right, two spaces between them; one line a row.
std::string table(std::vector<std::vector<std::string>> rows);

// The words of a text in lines of at most `width` columns, each behind `indent` spaces, those
// behind the first one behind `hanging` more. A word that is longer than a line stands on its own.
std::string paragraph(const std::string& text, std::size_t indent, std::size_t width = 80,
                      std::size_t hanging = 0);

}  // namespace edgeval
