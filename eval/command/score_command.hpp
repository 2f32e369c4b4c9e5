// `edgeval score` measures a file of hypotheses: error rates of transcripts, and scores of
// translations.
#pragma once

#include <CLI/CLI.hpp>
#include <iosfwd>

#include "eval/report/score_output.hpp"

namespace edgeval {

// Adds the subcommand to `app`. When it is parsed, it runs and writes to standard output.
void setup_score(CLI::App& app);

void run_score(const ScoreOptions& options, std::ostream& out);

}  // namespace edgeval
