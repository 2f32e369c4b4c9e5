// `edgeval run` evaluates one model on one test set under one policy. It writes report.json and
// utterances.jsonl, for translations also hypotheses.txt, and prints a summary.
#pragma once

#include <CLI/CLI.hpp>

namespace edgeval {

void setup_run(CLI::App& app);

}  // namespace edgeval
