// `edgeval completion SHELL` prints a script that lets bash or zsh complete the program's commands,
// options and values. The build stores both scripts for `cmake --install`.
#pragma once

#include <CLI/CLI.hpp>

namespace edgeval {

// Adds the subcommand to `app`, which must outlive the subcommand and may get further commands
// later.
void setup_completion(CLI::App& app);

}  // namespace edgeval
