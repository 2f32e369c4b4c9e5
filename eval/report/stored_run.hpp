// Reads back the utterances.jsonl of a run, with its references and the work of each utterance, so
// that runs can be compared.
#pragma once

#include <string>

#include "eval/score/outputs.hpp"

namespace edgeval {

// Whether `path` is a folder or a file whose name ends with .jsonl. Throws Error when there is
// neither, and when it is the report of a run.
bool is_run(const std::string& path);

// Reads the folder of a run, or its utterances.jsonl. Throws Error naming the place when a line is
// not of such a file, when lines are of several runs, and when the report in the folder is not of
// this run.
Outputs read_run(const std::string& path);

}  // namespace edgeval
