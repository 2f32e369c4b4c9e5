// `edgeval man` prints the manual page in roff, written from the program's commands and options.
// The build stores the page for `cmake --install`.
#pragma once

#include <CLI/CLI.hpp>

namespace edgeval {

// Adds the subcommand to `app`, which must outlive the subcommand and may get further commands
// later.
void setup_man(CLI::App& app);

}  // namespace edgeval
