// `edgeval profile` measures ranges and distributions of every layer's inputs on a training set.
#pragma once

#include <CLI/CLI.hpp>

namespace edgeval {

void setup_profile(CLI::App& app);

}  // namespace edgeval
