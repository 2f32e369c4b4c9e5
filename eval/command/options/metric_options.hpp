// Adds the options of `score` and `compare` that say which metrics are wanted and by which rules
// they are counted.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "eval/score/metric_choice.hpp"

namespace edgeval {

// Adds all of these options but --reference, which only some commands require. `metrics` are the
// names that --metric takes.
void add_metric_options(CLI::App& command, MetricChoice& options,
                        const std::vector<std::string>& metrics);

}  // namespace edgeval
