// Errors. A mistake of the user's (a bad file, key, value or combination) throws Error with one
// line that names the place and the cure; the command line turns it into exit code 1. Everything
// else is a fault of the program or of the machine and becomes exit code 2. Libraries neither print
// nor exit.
#pragma once

#include <sstream>
#include <stdexcept>
#include <string>

namespace edgeval {

class Error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// Returns all arguments written one after the other, as in concat("lane ", 3, " of ", 7).
template <class... Parts>
std::string concat(const Parts&... parts) {
  std::ostringstream text;
  text.exceptions(std::ios::badbit);  // where memory runs out, a stream would go on with less text
  (text << ... << parts);
  return text.str();
}

}  // namespace edgeval

// Throws Error with a message made of the parts, unless the condition holds:
// EDGEVAL_EXPECTS(width > 0, path, ": width is ", width, ", must be positive");
#define EDGEVAL_EXPECTS(condition, ...)                                       \
  do {                                                                        \
    if (!(condition)) throw ::edgeval::Error(::edgeval::concat(__VA_ARGS__)); \
  } while (false)

// Throws std::logic_error unless the condition holds, which only a fault in this program can break.
#define EDGEVAL_ASSERT(condition)                                                \
  do {                                                                           \
    if (!(condition))                                                            \
      throw std::logic_error(                                                    \
          ::edgeval::concat(__FILE__, ":", __LINE__, ": broken: ", #condition)); \
  } while (false)
