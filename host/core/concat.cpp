#include "host/core/concat.hpp"

#include <charconv>
#include <cstdio>

namespace edgeval {

Part::Part(double number)
    : text_(own_, static_cast<std::size_t>(std::snprintf(own_, sizeof own_, "%g", number))) {}

Part::Part(Signed number)
    : text_(own_, std::to_chars(own_, own_ + sizeof own_, number.number).ptr - own_) {}

Part::Part(Unsigned number)
    : text_(own_, std::to_chars(own_, own_ + sizeof own_, number.number).ptr - own_) {}

std::string joined(std::initializer_list<Part> parts) {
  std::size_t size = 0;
  for (const Part& part : parts) size += part.text().size();
  std::string text;
  text.reserve(size);
  for (const Part& part : parts) text += part.text();
  return text;
}

}  // namespace edgeval
