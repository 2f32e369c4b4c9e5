// Numbers as printf's %.*f writes them.
#pragma once

#include <cstdio>
#include <string>

namespace edgeval {

inline std::string fixed(double value, int decimals) {
  const int length = std::snprintf(nullptr, 0, "%.*f", decimals, value);
  std::string text(static_cast<std::size_t>(length), '\0');
  std::snprintf(text.data(), text.size() + 1, "%.*f", decimals, value);
  return text;
}

}  // namespace edgeval
