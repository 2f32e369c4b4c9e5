#include "host/core/error.hpp"

namespace edgeval {

void throw_error(std::initializer_list<Part> parts) { throw Error(joined(parts)); }

void throw_broken(const char* file, int line, const char* condition) {
  throw std::logic_error(joined({file, ":", line, ": broken: ", condition}));
}

}  // namespace edgeval
