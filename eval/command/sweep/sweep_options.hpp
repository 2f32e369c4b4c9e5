// What `edgeval sweep` is asked to do.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "eval/command/options/common_options.hpp"
#include "eval/command/options/task_options.hpp"
#include "eval/command/sweep/sweep_points.hpp"

namespace edgeval {

struct SweepOptions {
  std::string model;
  Request request;
  PolicyChoice policy;
  PointChoice points;
  std::vector<std::string> hardware;
  Index block = 64;
  std::string out = "sweep";
  std::string shard;  // "2/5": the second of five shares; empty: all
  bool no_reference = false, resume = false, dry_run = false;
  Tasks tasks = make_tasks();
  std::vector<GivenOptions> given;  // options of each task that were given
  OutputChoice output;
};

}  // namespace edgeval
