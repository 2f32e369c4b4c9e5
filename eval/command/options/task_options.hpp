// Adds the options of all tasks to the command line of `run`.
#pragma once

#include <CLI/CLI.hpp>

#include "eval/task/task.hpp"

namespace edgeval {

// Tells whether options of one task were given on the command line.
struct GivenOptions {
  const Task* task;
  // Returns the first option that was given, as "--reference is" or "--case and --normalize are",
  // or an empty text.
  std::function<std::string()> first;
};

// Adds the options of every task; the tasks receive the values. The result has an entry for each
// task.
std::vector<GivenOptions> add_task_options(CLI::App& command, const Tasks& tasks);

// Throws Error when an option of another task than `task` was given.
void expect_no_others(const std::vector<GivenOptions>& given, const Task& task, const Model& model);

}  // namespace edgeval
