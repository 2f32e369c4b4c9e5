// Writes to a stream what people should know about a run: notes on odd inputs with which the work
// went on, and warnings of doubtful figures.
#pragma once

#include <iosfwd>
#include <span>
#include <string>

namespace edgeval {

// Writes "edgeval: note: ..." for each note, always in one line, whatever characters a file's name
// has. With `quiet` nothing is written.
void write_notes(std::ostream& out, std::span<const std::string> notes, bool quiet);

// Writes "edgeval: warning: ..." for each warning, always in one line.
void write_warnings(std::ostream& out, std::span<const std::string> warnings);

}  // namespace edgeval
