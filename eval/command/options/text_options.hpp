// Adds options of the commands that read or score texts.
#pragma once

#include <CLI/CLI.hpp>

#include "datasets/text/unpacked.hpp"
#include "eval/score/text/text_rules.hpp"

namespace edgeval {

// Adds --text-budget, which limits the memory that a text may take.
void add_text_budget(CLI::App& command, data::TextBudget& budget);

// Adds --case and --normalize.
void add_text_options(CLI::App& command, TextRules& rules);

}  // namespace edgeval
