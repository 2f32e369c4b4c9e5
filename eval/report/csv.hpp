// Writes tables of comma-separated values (RFC 4180).
#pragma once

#include <string>
#include <vector>

namespace edgeval {

// Returns the shortest text that stands for this number.
std::string shortest(double value);

// Returns a line with its line break. A cell with a comma, a quote or a line break stands in
// quotes.
std::string csv_line(const std::vector<std::string>& cells);

}  // namespace edgeval
