#include "eval/search/calibration/search.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>

#include "eval/search/calibration/aim.hpp"
#include "eval/search/draws.hpp"
#include "eval/search/front.hpp"
#include "host/core/error.hpp"

namespace edgeval {
namespace {

// A point that is dropped exceeds the budget, whatever its first blocks say.
constexpr double kLeastViolation = 1e-6;
// After so many refused or repeated points in a row no further one is drawn at random.
constexpr int kMostDrawsRefused = 1000;

// Runs the trials of a batch, which begin at `first`, and says of each what became of it.
void run_batch(const SearchRules& rules, Trials& trials, std::vector<Trial>& all,
               std::size_t first) {
  std::vector<Racer> racers;
  if (rules.race) racers.assign(all.size() - first, Racer(rules.race));
  std::vector<Index> alive;
  for (std::size_t t = first; t < all.size(); ++t) alive.push_back(static_cast<Index>(t));
  for (Index block = 0; block < trials.blocks() && !alive.empty(); ++block) {
    trials.run(block, alive);
    for (const Index number : alive) {
      Trial& trial = all[static_cast<std::size_t>(number)];
      ++trial.blocks;
      if (!rules.race) continue;
      Racer& racer = racers[static_cast<std::size_t>(number) - first];
      for (const double errors : trials.errors(number, block)) racer.add(errors);
      trial.drop = racer.drop();
    }
    const auto dropped = std::erase_if(
        alive, [&](Index number) { return all[static_cast<std::size_t>(number)].is_dropped(); });
    trials.dropped(static_cast<Index>(dropped), block + 1);
  }
  for (std::size_t t = first; t < all.size(); ++t) {
    Trial& trial = all[t];
    const auto number = static_cast<Index>(t);
    if (trial.drop) {
      trial.violation =
          std::max(trials.loss_on(number, trial.blocks) - rules.budget, kLeastViolation);
    } else {
      trial.whole = trials.total(number);
      const double over = trial.whole->loss - rules.budget;
      trial.violation = over <= kLossRounding ? std::min(over, 0.0) : over;
    }
  }
}

}  // namespace

std::vector<Trial> search(const SearchRules& rules, Trials& trials, const BatchDone& done) {
  Proposals proposals(rules.dimensions, rules.points, rules.seed);
  std::vector<Trial> all;
  std::set<std::vector<std::string>> known;
  const Accepts accepts = [&](const Coordinates& at) {
    const std::vector<std::string> settings = settings_at(rules.dimensions, at);
    return !known.contains(settings) && trials.allows(settings);
  };
  for (std::size_t batch = 0; auto proposed = proposals.next(accepts); ++batch) {
    const std::size_t first = all.size();
    for (const Coordinates& at : proposed->points) {
      Trial& trial =
          all.emplace_back(Trial{proposed->by, batch, at, settings_at(rules.dimensions, at)});
      known.insert(trial.settings);
      trials.add(trial.settings);
    }
    run_batch(rules, trials, all, first);
    std::vector<Observed> found;
    for (std::size_t t = first; t < all.size(); ++t)
      found.push_back({all[t].at,
                       all[t].whole ? all[t].whole->cost : std::numeric_limits<double>::quiet_NaN(),
                       all[t].violation});
    proposals.tell(found);
    done(all);
  }
  EDGEVAL_EXPECTS(!all.empty(), "the rules of policies allow no point of what varies");
  return all;
}

void search_at_random(const SearchRules& rules, Trials& trials, std::size_t most,
                      std::vector<Trial>& all, const BatchDone& done) {
  const std::size_t of_search = all.size();
  const auto spent = [&](std::size_t from, std::size_t to) {
    double macs = 0;
    for (std::size_t t = from; t < to; ++t)
      macs += static_cast<double>(trials.macs(static_cast<Index>(t), all[t].blocks));
    return macs;
  };
  const double budget = spent(0, of_search);
  double mean = budget / static_cast<double>(of_search);  // MACs of a point
  const std::unique_ptr<Draws> draws = random_draws(rules.dimensions, rules.seed);
  std::set<std::vector<std::string>> known;
  int refused = 0;
  for (std::size_t batch = all.back().batch + 1;; ++batch) {
    const std::size_t first = all.size(), tried = first - of_search;
    const double left = budget - spent(of_search, first);
    if (left <= 0 || tried >= most || refused >= kMostDrawsRefused) return;
    // The last points run in small batches, which end as near the budget as can be.
    const auto fitting = static_cast<std::size_t>(
        std::clamp(left / mean, 1.0, static_cast<double>(kProposalsAtOnce)));
    while (all.size() < first + std::min(fitting, most - tried) && refused < kMostDrawsRefused) {
      std::vector<std::string> settings = *draws->next();
      if (known.contains(settings) || !trials.allows(settings)) {
        ++refused;
        continue;
      }
      refused = 0;
      known.insert(settings);
      trials.add(settings);
      Trial& trial = all.emplace_back();
      trial.by = ProposedBy::kRandom;
      trial.batch = batch;
      trial.settings = std::move(settings);
    }
    if (all.size() == first) return;
    run_batch(rules, trials, all, first);
    mean =
        std::max(spent(of_search, all.size()) / static_cast<double>(all.size() - of_search), 1.0);
    done(all);
  }
}

std::optional<std::size_t> cheapest_within_budget(std::span<const Trial> trials) {
  std::optional<std::size_t> best;
  for (std::size_t t = 0; t < trials.size(); ++t)
    if (trials[t].is_within_budget() &&
        (!best || trials[t].whole->cost < trials[*best].whole->cost))
      best = t;
  return best;
}

std::vector<std::size_t> candidates(std::span<const Trial> trials, std::optional<double> dense_cost,
                                    std::size_t most) {
  EDGEVAL_ASSERT(most >= 2);
  std::vector<std::size_t> places;
  std::vector<CostAndError> points;
  for (std::size_t t = 0; t < trials.size(); ++t) {
    if (!trials[t].is_within_budget()) continue;
    if (dense_cost && trials[t].whole->cost >= *dense_cost) continue;
    places.push_back(t);
    points.push_back({trials[t].whole->cost, trials[t].whole->loss});
  }
  // The front has the cheapest first, whose loss is the greatest.
  std::vector<std::size_t> front;
  for (const std::size_t place : pareto_front(points)) front.push_back(places[place]);
  std::ranges::reverse(front);
  if (front.size() <= most) return front;
  std::vector<std::size_t> taken;
  for (std::size_t i = 0; i < most; ++i)
    taken.push_back(front[i * (front.size() - 1) / (most - 1)]);
  return taken;
}

}  // namespace edgeval
