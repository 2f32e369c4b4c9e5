// `edgeval energy` prices a stored report on accelerators, without the model and without the data.
#pragma once

#include <CLI/CLI.hpp>

namespace edgeval {

void setup_energy(CLI::App& app);

}  // namespace edgeval
