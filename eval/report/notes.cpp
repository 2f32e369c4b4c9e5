#include "eval/report/notes.hpp"

#include <cstdio>

#include "host/core/text.hpp"

namespace edgeval {

void print_notes(std::span<const std::string> notes, bool quiet) {
  if (quiet) return;
  for (const std::string& note : notes)
    std::fprintf(stderr, "edgeval: note: %s\n", message_line(note).c_str());
}

void print_warnings(std::span<const std::string> warnings) {
  for (const std::string& warning : warnings)
    std::fprintf(stderr, "edgeval: warning: %s\n", message_line(warning).c_str());
}

}  // namespace edgeval
