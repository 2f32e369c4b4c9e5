// Runs many points on a test set, block by block, and keeps what each point made of each block in a
// journal, so that nothing is done twice. What several points have in common is done once
// (Session::run).
#pragma once

#include <span>
#include <vector>

#include "eval/search/block_run.hpp"
#include "eval/search/sweep_journal.hpp"
#include "eval/task/progress.hpp"
#include "eval/task/session.hpp"

namespace edgeval {

using Blocks = std::vector<std::vector<Index>>;  // numbers of the items of each block

// A part of a sweep's work: points, by their numbers, on the items of one block.
struct SweepUnit {
  Index block;
  std::vector<Index> points;
};

// Which part of a sweep's work a process does: number `part`, from 0, of `parts`.
struct Share {
  int part = 0, parts = 1;
};

// Returns all points on every block: a unit for each block, cut so that there are at least `least`
// units if the points are many enough. Points that have much in common stay together.
std::vector<SweepUnit> cut_into_units(std::span<const Point> points, Index blocks,
                                      std::size_t least);

// Returns these points on one block in so many parts of about the same size, or fewer where there
// are fewer points. Points that have much in common stay together.
std::vector<SweepUnit> cut_block(std::span<const Point> points, Index block,
                                 std::vector<Index> numbers, std::size_t parts);

// Returns one process's share of all points on every block. There are several units for each
// process, which are handed out by their expected work. The shares do not depend on what has been
// done.
std::vector<SweepUnit> share_of_units(const Session& session, std::span<const Point> points,
                                      const Blocks& blocks, Share share);

// Leaves out of the units what is in the journal.
void leave_out_done(std::vector<SweepUnit>& units, const SweepJournal& journal);

// The blocks, and how many items of one run at once; 0: all.
struct BlocksToRun {
  const Blocks& blocks;
  Index at_once = 0;
};

// Runs the units and adds their results to the journal. When memory does not suffice for a block,
// its halves run one after the other. `item` is the noun for an item in the progress.
void run_units(Session& session, std::span<const Point> points, const BlocksToRun& blocks,
               std::span<const SweepUnit> units, SweepJournal& journal, const char* item,
               Display display);

// Returns the total of a point of which the journal has every block. `seed` is that of the
// bootstrap.
PointTotal total_of(Session& session, const Point& point, Index number, const Blocks& blocks,
                    const SweepJournal& journal, std::optional<std::uint64_t> seed);

// What a sweep will take, as far as can be told before it.
struct SweepEstimate {
  double runs = 0;         // layers times points
  double shared_runs = 0;  // layers that run, since points that agree share them
  double seconds = 0;
  double bytes = 0;  // of memory
};

// Estimates the work of the units. Runs some of the points on a few items to see how long they
// take.
SweepEstimate estimate(Session& session, std::span<const Point> points, const Blocks& blocks,
                       std::span<const SweepUnit> units);

}  // namespace edgeval
