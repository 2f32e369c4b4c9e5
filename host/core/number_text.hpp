// Writes numbers for people to read.
#pragma once

#include <cstdio>
#include <string>

#include "host/core/concat.hpp"

namespace edgeval {

// Returns a number with its noun, as "1 utterance" or "2 utterances".
inline std::string counted(std::size_t number, const std::string& noun) {
  return std::to_string(number) + " " + noun + (number == 1 ? "" : "s");
}

// Returns the value with a fixed number of decimals, as printf's %.*f writes it.
inline std::string fixed(double value, int decimals) {
  const int length = std::snprintf(nullptr, 0, "%.*f", decimals, value);
  std::string text(static_cast<std::size_t>(length), '\0');
  std::snprintf(text.data(), text.size() + 1, "%.*f", decimals, value);
  return text;
}

// Returns the value with at most six significant digits, as a message has it (concat.hpp).
inline std::string rounded(double value) { return concat(value); }

}  // namespace edgeval
