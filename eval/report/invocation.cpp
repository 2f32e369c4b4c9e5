#include "eval/report/invocation.hpp"

namespace edgeval {
namespace {

std::vector<std::string>& words() {
  static std::vector<std::string> kept;
  return kept;
}

}  // namespace

void remember_invocation(int argc, const char* const* argv) { words().assign(argv, argv + argc); }

const std::vector<std::string>& invocation() { return words(); }

}  // namespace edgeval
