#include "eval/report/notes.hpp"

#include <ostream>

#include "host/core/error.hpp"
#include "host/core/text.hpp"

namespace edgeval {

// Each line is inserted as a whole, so that an unbuffered stream writes it at once.
void write_notes(std::ostream& out, std::span<const std::string> notes, bool quiet) {
  if (quiet) return;
  for (const std::string& note : notes) out << concat("edgeval: note: ", message_line(note), "\n");
}

void write_warnings(std::ostream& out, std::span<const std::string> warnings) {
  for (const std::string& warning : warnings)
    out << concat("edgeval: warning: ", message_line(warning), "\n");
}

}  // namespace edgeval
