// Options of `score` and `compare` that say which figures are wanted and by which rules they are
// counted.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "eval/score/metric_choice.hpp"

namespace edgeval {

// --reference apart, which is not wanted everywhere.
void add_metric_options(CLI::App& command, MetricChoice& options,
                        const std::vector<std::string>& metrics);

}  // namespace edgeval
