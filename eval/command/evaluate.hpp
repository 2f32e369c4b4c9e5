// Runs a session's items through the engine, scores and prices the outcomes, and makes the record.
#pragma once

#include "eval/policy/collector.hpp"
#include "eval/report/record.hpp"
#include "eval/task/progress.hpp"

namespace edgeval {

// Runs every item at every point, batch by batch, and scores the outcomes. The points share
// features alone, so that the time of each is its own. A batch is halved when memory does not
// suffice (run_in_parts). `item` is the noun for an item in the progress, which is shown on the
// display.
Evaluation evaluate(Session& session, const std::vector<Point>& points, const char* item = "item",
                    Display display = {});

// Runs batches of a session at one point under a collector, which keeps nothing of a part for which
// memory did not suffice. Returns the outcome of each item in the order of the set.
std::vector<Outcome> observe(Session& session, const std::vector<std::vector<Index>>& batches,
                             const Point& point, Collector& collector, const char* item = "item",
                             Display display = {});

// Evaluates the points and returns the record with its prices. The first point is the policy's; the
// reference's follows if the reference is to run.
Record run(Session& session, const TaskInfo& task, const Policy& policy,
           const std::vector<Point>& points, const ChosenAccelerators& hardware, Display display);

}  // namespace edgeval
