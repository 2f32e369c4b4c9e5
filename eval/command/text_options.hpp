// Options of every command that reads or scores texts.
#pragma once

#include <CLI/CLI.hpp>

#include "datasets/text/unpacked.hpp"
#include "eval/score/text/text_rules.hpp"

namespace edgeval {

// --text-budget: what one text may take in memory.
void add_text_budget(CLI::App& command, data::TextBudget& budget);

// --case and --normalize.
void add_text_options(CLI::App& command, TextRules& rules);

}  // namespace edgeval
