// `edgeval count` prints the multiply-accumulates, weights and bytes of a model, without data.
#pragma once

#include <CLI/CLI.hpp>

namespace edgeval {

void setup_count(CLI::App& app);

}  // namespace edgeval
