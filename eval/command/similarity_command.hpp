// `edgeval similarity`: how well P1's similarity score tells the steps that a network could do
// without.
#pragma once

#include <CLI/CLI.hpp>

namespace edgeval {

void setup_similarity(CLI::App& app);

}  // namespace edgeval
