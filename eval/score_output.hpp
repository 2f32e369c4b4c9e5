// What `edgeval score` prints for people: alignments in columns, a table of figures, their
// signatures.
#pragma once

#include <iosfwd>

#include "eval/score_command.hpp"

namespace edgeval {

void write_text(std::ostream& out, const ScoreOptions& options, const Scores& scores);

}  // namespace edgeval
