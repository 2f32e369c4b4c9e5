// `edgeval energy`: prices a stored report under other accelerators; needs no model, no data and no
// GPU.
#pragma once

#include <CLI/CLI.hpp>

namespace edgeval {

void setup_energy(CLI::App& app);

}  // namespace edgeval
