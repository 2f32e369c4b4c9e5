// What `edgeval calibrate` is asked to do.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "eval/command/options/common_options.hpp"
#include "eval/command/options/task_options.hpp"

namespace edgeval {

struct CalibrateOptions {
  std::string model;
  Request request;  // of the development set
  PolicyChoice policy;
  std::vector<std::string> vary;
  Index points = 256;
  bool beside_random = false;
  std::string least;
  double max_loss = 0;
  bool relative = false;
  std::string metric;  // empty: the task's first one
  double confidence = 0.95;
  std::optional<double> race;  // alpha
  // The confirm set: another part of the data, or other data with references of their own.
  std::string confirm, confirm_data;
  std::vector<std::string> confirm_references;
  Index candidates = 16;
  int resamples = 2000;
  Index block = 0;  // 0: chosen by the size of the set
  std::string out = "calibration";
  bool resume = false;
  Tasks tasks = make_tasks();
  std::vector<GivenOptions> given;
  OutputChoice output;
};

}  // namespace edgeval
