// `edgeval merge` joins the shares of a sweep that ran apart.
#pragma once

#include <CLI/CLI.hpp>

namespace edgeval {

void setup_merge(CLI::App& app);

}  // namespace edgeval
