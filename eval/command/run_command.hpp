// `edgeval run`: one model, one test set, one policy -> report.json, utterances.jsonl and a
// summary.
#pragma once

#include <CLI/CLI.hpp>

namespace edgeval {

void setup_run(CLI::App& app);

}  // namespace edgeval
