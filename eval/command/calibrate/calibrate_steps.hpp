// The steps of a calibration: the search on the development set and the tests on the confirm set.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "eval/command/calibrate/calibrate_options.hpp"
#include "eval/command/calibrate/calibrate_report.hpp"
#include "eval/command/sweep/out_folder.hpp"
#include "eval/search/points.hpp"

namespace edgeval {

// Everything that lives as long as the calibration.
struct Calibration {
  const CalibrateOptions& options;
  const OutFolder& out;
  const Ranks& ranks;
  const TaskInfo& task;
  const Request& development;
  const Request& confirm;
  Session& session;          // of the development set
  Session& confirm_session;  // of the confirm set
  const PolicyBase& base;
  const MakePoint& make;
  const Point& dense;
  const std::vector<Dimension>& dimensions;
  const std::string& policy;   // of policy.yaml
  const std::string& profile;  // of profile.json; empty where there is none
  LossBudget budget;
  Least least;
  std::optional<hw::Accelerator> accelerator{};  // of `least`; nothing where it names none

  const hw::Accelerator* chip() const { return accelerator ? &*accelerator : nullptr; }
  // Where the first process shows the progress.
  Display display() const { return ranks.rank() == 0 ? options.output.display() : Display{}; }
};

// Searches on the development set. Fills in all of the report but what the confirm set says.
void develop(const Calibration& c, CalibrationReport& report);

// Runs the candidates on the confirm set, which is opened here alone, and tests them in their
// order.
void confirm(const Calibration& c, CalibrationReport& report);

}  // namespace edgeval
