// `edgeval man`: the manual page, in roff, written from the commands and options that the program
// has. The build stores it for `cmake --install`.
#pragma once

#include <CLI/CLI.hpp>

namespace edgeval {

// `app`, which must outlive it, may get further commands later.
void setup_man(CLI::App& app);

}  // namespace edgeval
