// Runs points on one block of items, part by part, and adds up what a point made of several blocks.
// What several points have in common is done once (Session::run).
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "eval/search/sweep_journal.hpp"
#include "eval/task/session.hpp"

namespace edgeval {

// The items of a block, by their numbers, and the parts of it that run one after the other, as
// places in `items`.
struct PartedBlock {
  std::vector<Index> items;
  std::vector<std::vector<Index>> parts;
};

// Parts the items with the longest first, `at_once` of them in each part; 0: all in one.
PartedBlock longest_first(const Session& session, const std::vector<Index>& items, Index at_once);

// Makes ready the items with these numbers, or returns what was made ready before.
using PrepareItems = std::function<std::shared_ptr<Prepared>(const std::vector<Index>& items)>;
// Receives the result of a point, by its number, as soon as the point has run on the whole block.
using FinishPoint = std::function<void(Index point, BlockResult&& result)>;

// Runs the points with these numbers on the block. When memory does not suffice, the points that
// are not finished run on the halves of a part, one after the other, and their halves in turn.
// Throws OutOfMemoryForOne where it does not suffice for one item. `finish` is called for one
// point at a time, also on another thread, until this returns or throws.
void run_block(Session& session, std::span<const Point> points, const std::vector<Index>& numbers,
               const PartedBlock& block, const PrepareItems& prepare, const FinishPoint& finish);

// Returns where the statistics of the metric `name` begin in a row of BlockResult::statistics.
// `metrics` are those of Session::measure, and the metric is one of them.
Index first_column(std::span<const Metric> metrics, const std::string& name);

// What one point made of the whole set.
struct PointTotal {
  std::vector<Metric> metrics;  // with values, and intervals where asked for, as those of a run
  Activity activity;
  std::optional<SearchCounts> search;
};

// Adds up what one point made of the blocks of a set.
class PointSum {
 public:
  PointSum(Session& session, const Point& point);

  // Whether a result has the shape of one of these items under the point.
  bool fits(const BlockResult& result, const std::vector<Index>& items) const;
  // Adds a result that fits.
  void add(BlockResult&& result, const std::vector<Index>& items);
  // Returns the total once all items of the set were added. `seed` is that of the bootstrap;
  // without one no intervals are drawn.
  PointTotal total(std::optional<std::uint64_t> seed) &&;

 private:
  PointTotal total_;
  Index width_ = 0;                        // how many numbers the row of an item has
  std::vector<std::vector<double>> rows_;  // of each item, in the order of the set
};

}  // namespace edgeval
