// The command line. Every subcommand has a file of its own.
#pragma once

namespace edgeval {

// Runs the program with the words of the command line, `main`'s arguments, and returns its exit
// code: 0 when all is done, 1 when the user's input is wrong, 2 when something failed, and 3 when
// `compare` found a loss that is not allowed. Mistakes and failures are told on standard error.
int run_program(int argc, char** argv) noexcept;

}  // namespace edgeval
