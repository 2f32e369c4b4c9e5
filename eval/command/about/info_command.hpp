// `edgeval info` prints version, build, devices, techniques with their parameters, and
// accelerators.
#pragma once

#include <CLI/CLI.hpp>

namespace edgeval {

void setup_info(CLI::App& app);

}  // namespace edgeval
