// The search of a calibration: which points run on which blocks, and which are dropped. It is a
// pure function of what points make of blocks. Points are proposed between batches and dropped
// between blocks alone, in the order of the points, so that the answer is the same however the work
// is shared, and a search that goes on after a kill comes to the same end.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "eval/search/calibration/proposals.hpp"
#include "eval/search/race/race.hpp"
#include "host/core/matrix.hpp"

namespace edgeval {

// What a point costs and loses on the whole set.
struct CostAndLoss {
  double cost = 0;
  double loss = 0;  // against the dense network, in the unit of the budget
};

// Runs points. Points are numbered from 0 in the order of add().
class Trials {
 public:
  virtual ~Trials() = default;
  // Returns whether the rules of policies allow these settings.
  virtual bool allows(const std::vector<std::string>& settings) = 0;
  virtual void add(const std::vector<std::string>& settings) = 0;
  virtual Index blocks() const = 0;
  // Runs the points with these numbers on a block; what is known already is not run again.
  virtual void run(Index block, std::span<const Index> points) = 0;
  // Returns the errors of each utterance of a block, in the order of the race, of a point that ran
  // on it. It is called for races alone.
  virtual std::vector<double> errors(Index point, Index block) = 0;
  // Returns the loss on the first so many blocks, on which the point ran.
  virtual double loss_on(Index point, Index blocks) = 0;
  // Returns what a point that ran on all blocks makes of the set.
  virtual CostAndLoss total(Index point) = 0;
  // Returns the multiply-accumulates that a point executed on its first blocks.
  virtual std::uint64_t macs(Index point, Index blocks) const = 0;
  // Is told that so many points were dropped after so many blocks.
  virtual void dropped(Index /*points*/, Index /*blocks*/) {}
};

// A point of a search.
struct Trial {
  ProposedBy by = ProposedBy::kSobol;
  std::size_t batch = 0;  // number of its batch, from 0
  Coordinates at{};
  std::vector<std::string> settings{};
  Index blocks = 0;                    // on how many blocks it ran
  std::optional<Racer::Drop> drop{};   // when it was dropped
  std::optional<CostAndLoss> whole{};  // nothing for a point that was dropped
  double violation = 0;                // by how much it exceeds the budget; at most 0 within it

  bool is_dropped() const { return drop.has_value(); }
  bool is_within_budget() const { return whole && violation <= 0; }
};

struct SearchRules {
  std::vector<Dimension> dimensions;
  std::size_t points = 0;  // to try at most
  std::uint64_t seed = 0;
  double budget = 0;                   // the greatest loss allowed
  std::shared_ptr<const Race> race{};  // null: no point is dropped
};

// Is told of each batch when it is over, which `trials` ends with.
using BatchDone = std::function<void(std::span<const Trial> trials)>;

// Searches for cheap points within the budget and returns all that were tried, in their order.
// Throws Error when nothing varies or the rules of policies allow no point.
std::vector<Trial> search(
    const SearchRules& rules, Trials& trials,
    const BatchDone& done = [](std::span<const Trial>) {});

// Tries points at random, raced as those of a search are, until they have executed as many MACs as
// the trials of that search, and adds them to these. So they show what the search was worth. The
// same point may come again among those of the search, but not among these. At most `most` points
// are tried.
void search_at_random(
    const SearchRules& rules, Trials& trials, std::size_t most, std::vector<Trial>& all,
    const BatchDone& done = [](std::span<const Trial>) {});

// Returns the place of the cheapest trial within the budget, the first of equal ones; nothing where
// there is none.
std::optional<std::size_t> cheapest_within_budget(std::span<const Trial> trials);

// Returns the places of the candidates for a confirmation: the front of cost and loss of the trials
// within the budget that are cheaper than `dense_cost`, where that is given. The least loss comes
// first. Where there are more than `most`, so many of them are taken in even distances, the first
// and the last among them; most >= 2.
std::vector<std::size_t> candidates(std::span<const Trial> trials, std::optional<double> dense_cost,
                                    std::size_t most);

}  // namespace edgeval
