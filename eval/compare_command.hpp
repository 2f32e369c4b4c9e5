// `edgeval compare A B`: whether two systems differ by more than chance on the same test set.
#pragma once

#include <CLI/CLI.hpp>

namespace edgeval {

// Adds the subcommand to `app`; when it is parsed it runs and writes to standard output.
void setup_compare(CLI::App& app);

}  // namespace edgeval
