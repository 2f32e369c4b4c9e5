// The straight line of a run: a session's items through the engine to scores, prices and a record.
#pragma once

#include "eval/policy/collector.hpp"
#include "eval/report/record.hpp"

namespace edgeval {

// Runs every item at every point, batch by batch, halved where memory does not suffice (see
// run_in_parts), and scores what came out. items: what progress counts; quiet: no progress.
Evaluation evaluate(Session& session, const std::vector<Point>& points, const char* items = "items",
                    bool quiet = true);

// Runs batches of a session at one point under a collector, which keeps nothing of a part for which
// memory did not suffice. Returns what became of each item, in the order of the set.
std::vector<Outcome> observe(Session& session, const std::vector<std::vector<Index>>& batches,
                             const Point& point, Collector& collector, const char* items = "items",
                             bool quiet = true);

// As evaluate(), priced, as a record. points: of the policy; behind it the reference's, if it is to
// run.
Record run(Session& session, const TaskInfo& task, const Policy& policy,
           const std::vector<Point>& points, const ChosenAccelerators& hardware, bool quiet);

}  // namespace edgeval
