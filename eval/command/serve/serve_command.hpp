// `edgeval serve` evaluates points that a sampler asks for, line by line.
#pragma once

#include <CLI/CLI.hpp>

namespace edgeval {

void setup_serve(CLI::App& app);

}  // namespace edgeval
