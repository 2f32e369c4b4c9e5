// The test set of a session with all items ready to be run, for points that come one after the
// other, as a sampler asks for them.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "eval/search/block_run.hpp"
#include "eval/task/progress.hpp"

namespace edgeval {

class ResidentSet {
 public:
  // Makes all items of the set ready, in the batches of the session. `item` is the noun for an item
  // in the progress.
  ResidentSet(Session& session, const char* item, Display display);

  // Runs the points on the whole set and returns their totals, which are those of a run, in the
  // order of the points. What the points have in common is done once. When memory does not suffice,
  // halves of batches and then fewer points run at once; a point for which it does not suffice
  // alone, on one item, has no total. `seed` is that of the bootstrap.
  std::vector<std::optional<PointTotal>> run(std::span<const Point> points, std::uint64_t seed,
                                             Display display);

 private:
  void run(std::span<const Point> points, const std::vector<Index>& numbers, Progress& progress,
           std::vector<std::optional<BlockResult>>& results);
  std::shared_ptr<Prepared> prepared(const std::vector<Index>& items) const;

  Session& session_;
  const char* const item_;
  PartedBlock set_;
  std::map<std::vector<Index>, std::shared_ptr<Prepared>> ready_;  // by the items of a part
};

}  // namespace edgeval
