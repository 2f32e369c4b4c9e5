// Prints on standard error what people should know about a run: notes on odd inputs with which the
// work went on, and warnings of doubtful figures.
#pragma once

#include <span>
#include <string>

namespace edgeval {

// Prints "edgeval: note: ..." for each note, always in one line, whatever characters a file's name
// has. With `quiet` nothing is printed.
void print_notes(std::span<const std::string> notes, bool quiet);

// Prints "edgeval: warning: ..." for each warning, always in one line.
void print_warnings(std::span<const std::string> warnings);

}  // namespace edgeval
