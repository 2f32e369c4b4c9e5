// Writes numbers for people to read.
#pragma once

#include <string>

#include "host/core/concat.hpp"

namespace edgeval {

// Returns a number with its noun, as "1 utterance" or "2 utterances".
inline std::string counted(std::size_t number, const std::string& noun) {
  return std::to_string(number) + " " + noun + (number == 1 ? "" : "s");
}

// Returns what printf writes, however long that is.
std::string printed(const char* format, ...) __attribute__((format(printf, 1, 2)));

// Returns the value with a fixed number of decimals.
inline std::string fixed(double value, int decimals) { return printed("%.*f", decimals, value); }

// Returns the value with at most six significant digits, as a message has it (concat.hpp).
inline std::string rounded(double value) { return concat(value); }

}  // namespace edgeval
