// Serves points: keeps a model and a test set ready, and answers the lines of standard input.
#pragma once

#include "eval/command/serve/serve_options.hpp"

namespace edgeval {

// Greets, then answers until standard input ends (docs/formats/serve.md). Throws Error for mistakes
// of the user in the options, and std::runtime_error when standard output cannot be written.
void run_serve(const ServeOptions& options);

}  // namespace edgeval
