// The files of a run read back, for comparing two: its utterances.jsonl, with its own references
// and the work that each utterance took.
#pragma once

#include <string>

#include "eval/score/outputs.hpp"

namespace edgeval {

// Whether `path` is a folder, or named like the utterances.jsonl of a run. Throws Error when there
// is nothing of this name, or it is a run's report.
bool is_run(const std::string& path);

Outputs read_run(const std::string& path);

}  // namespace edgeval
