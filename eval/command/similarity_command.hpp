// `edgeval similarity` measures how well P1's similarity score tells which steps a network could do
// without.
#pragma once

#include <CLI/CLI.hpp>

namespace edgeval {

void setup_similarity(CLI::App& app);

}  // namespace edgeval
