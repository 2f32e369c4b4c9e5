// `edgeval calibrate` finds the cheapest policy within a budget of loss, and confirms it.
#pragma once

#include <CLI/CLI.hpp>

namespace edgeval {

void setup_calibrate(CLI::App& app);

}  // namespace edgeval
