// `edgeval sweep` evaluates a model under many points and finds the Pareto fronts.
#pragma once

#include <CLI/CLI.hpp>

namespace edgeval {

void setup_sweep(CLI::App& app);

}  // namespace edgeval
