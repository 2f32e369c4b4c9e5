// What a sweep says before its work begins, and the tables that it writes when the work is done.
#pragma once

#include <optional>
#include <string>

#include "eval/command/sweep/sweep_options.hpp"
#include "eval/price/pricing.hpp"
#include "eval/search/sweep.hpp"

namespace edgeval {

// What comes of the options before the long work.
struct Sweep {
  const SweepOptions& options;
  const TaskInfo& task;
  Session& session;
  const MadePoints& made;  // how many draws were refused; `all` has the points
  const AllPoints& all;
  const ChosenAccelerators& hardware;
  const Blocks& blocks;
};

// What is left to do.
struct SweepPlan {
  Index results = 0;                      // which the journal has already
  std::optional<SweepEstimate> estimate;  // nothing where all is done
};

// Returns the plan in a few lines for people.
std::string plan_text(const Sweep& sweep, const SweepPlan& plan);

// Prints the plan of a dry run, with some of the points, as text or JSON.
void print_plan(const Sweep& sweep, const SweepPlan& plan);

// Writes the tables into the sweep's folder and prints the front. The journal has every result.
void write_tables(const Sweep& sweep, const SweepJournal& journal);

}  // namespace edgeval
