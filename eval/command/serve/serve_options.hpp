// What `edgeval serve` is asked to do.
#pragma once

#include <string>
#include <vector>

#include "eval/command/options/common_options.hpp"
#include "eval/command/options/task_options.hpp"

namespace edgeval {

struct ServeOptions {
  std::string model;
  Request request;
  PolicyChoice policy;
  std::vector<std::string> hardware;
  bool no_reference = false;
  Tasks tasks = make_tasks();
  std::vector<GivenOptions> given;  // options of each task that were given
  OutputChoice output;
};

}  // namespace edgeval
