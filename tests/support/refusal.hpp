// The message with which something is refused.
#pragma once

#include <string>

#include "host/core/error.hpp"

namespace edgeval::test {

// Of the Error that call() throws; "accepted" when it throws none.
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
