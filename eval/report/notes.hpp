// What people should know of a run on standard error: notes, of an input that is odd although the
// work went on, and warnings, of figures that are doubtful.
#pragma once

#include <span>
#include <string>

namespace edgeval {

// "edgeval: note: ..." for each, in one line whatever a file's name holds; nothing when quiet.
void print_notes(std::span<const std::string> notes, bool quiet);

// "edgeval: warning: ..." likewise, also when quiet.
void print_warnings(std::span<const std::string> warnings);

}  // namespace edgeval
