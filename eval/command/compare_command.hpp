// `edgeval compare A B` says whether two systems differ by more than chance on the same test set.
#pragma once

#include <CLI/CLI.hpp>

namespace edgeval {

inline constexpr int kLossExceeded = 3;  // exit code when B loses more than --max-loss

// Adds the subcommand to `app`. When it is parsed, it runs, writes to standard output, and throws
// CLI::RuntimeError with kLossExceeded if B loses more than --max-loss.
void setup_compare(CLI::App& app);

}  // namespace edgeval
