// `edgeval completion SHELL`: a script that lets a shell complete commands, options and values,
// written from those that the program has. The build stores both for `cmake --install`.
#pragma once

#include <CLI/CLI.hpp>

namespace edgeval {

// `app`, which must outlive it, may get further commands later.
void setup_completion(CLI::App& app);

}  // namespace edgeval
