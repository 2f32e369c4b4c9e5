// Catches the message with which something is refused.
#pragma once

#include <string>

#include "host/core/error.hpp"

namespace edgeval::test {

// Returns the message of the Error that call() throws, or "accepted" when it throws none.
template <class Call>
std::string refusal(const Call& call) {
  try {
    call();
  } catch (const Error& error) {
    return error.what();
  }
  return "accepted";
}

}  // namespace edgeval::test
