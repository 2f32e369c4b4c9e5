// Errors. A mistake of the user's (a bad file, key, value or combination) throws Error with one
// line that names the place and the cure; the command line turns it into exit code 1. Everything
// else is a fault of the program or of the machine and becomes exit code 2. Libraries neither print
// nor exit.
#pragma once

#include <stdexcept>

#include "host/core/concat.hpp"

namespace edgeval {

class Error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// Throws Error with a message made of the parts.
[[noreturn]] void throw_error(std::initializer_list<Part> parts);

// Throws std::logic_error, which names the place and what should hold there.
[[noreturn]] void throw_broken(const char* file, int line, const char* condition);

}  // namespace edgeval

// Throws Error with a message made of the parts, unless the condition holds:
// EDGEVAL_EXPECTS(width > 0, path, ": width is ", width, ", must be positive");
#define EDGEVAL_EXPECTS(condition, ...)                      \
  do {                                                       \
    if (!(condition)) ::edgeval::throw_error({__VA_ARGS__}); \
  } while (false)

// Throws std::logic_error unless the condition holds, which only a fault in this program can break.
#define EDGEVAL_ASSERT(condition)                                              \
  do {                                                                         \
    if (!(condition)) ::edgeval::throw_broken(__FILE__, __LINE__, #condition); \
  } while (false)
