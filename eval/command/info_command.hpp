// `edgeval info`: version, build, devices, techniques with their parameters, accelerators.
#pragma once

#include <CLI/CLI.hpp>

namespace edgeval {

void setup_info(CLI::App& app);

}  // namespace edgeval
