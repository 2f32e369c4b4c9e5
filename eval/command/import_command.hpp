// `edgeval import`: another tool's model becomes a model file, with a report of every tensor's way.
#pragma once

#include <CLI/CLI.hpp>

namespace edgeval {

void setup_import(CLI::App& app);

}  // namespace edgeval
