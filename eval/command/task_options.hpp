// The options of all tasks on the command line of `run`.
#pragma once

#include <CLI/CLI.hpp>

#include "eval/task/task.hpp"

namespace edgeval {

// What was given of one task's options.
struct GivenOptions {
  const Task* task;
  std::function<std::string()> first;  // "--reference is", "--case and --normalize are"; else empty
};

std::vector<GivenOptions> add_task_options(CLI::App& command, const Tasks& tasks);

// Throws Error when an option was given that is of another task than the model's.
void expect_no_others(const std::vector<GivenOptions>& given, const Task& task, const Model& model);

}  // namespace edgeval
