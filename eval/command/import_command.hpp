// `edgeval import` makes a model file of another tool's model, and reports what became of every
// tensor.
#pragma once

#include <CLI/CLI.hpp>

namespace edgeval {

void setup_import(CLI::App& app);

}  // namespace edgeval
