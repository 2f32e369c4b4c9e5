#include "cuda/schedule.hpp"

#include <algorithm>
#include <map>

namespace edgeval::gpu {
namespace {

// Returns numbers that are equal for policies whose lanes one launch may run.
std::vector<double> side_by_side_numbers(const LayerPolicy& policy) {
  std::vector<double> numbers = launch_numbers(policy);
  if (const auto* skip = std::get_if<SimilaritySkip>(&policy.plan)) {
    const SimilaritySkip::Rule rule = skip->rule();
    numbers.insert(numbers.end(), {double{rule.scale}, static_cast<double>(rule.shift)});
  }
  return numbers;
}

class Scheduler {
 public:
  Scheduler(std::span<const OperatingPoint> points, const LayerChoices& choices,
            const ScheduleOptions& options)
      : points_(points), choices_(choices), options_(options) {}

  Schedule run(const std::vector<Index>& chosen) {
    const Index features = take();
    grow(0, {chosen}, features);
    schedule_.slots = std::ssize(taken_);
    return std::move(schedule_);
  }

 private:
  // Returns the number of a free slot, which is taken from now on.
  Index take() {
    const auto free = std::ranges::find(taken_, false);
    if (free == taken_.end()) {
      taken_.push_back(true);
      return std::ssize(taken_) - 1;
    }
    *free = true;
    return free - taken_.begin();
  }
  void give_back(Index slot) { taken_[static_cast<std::size_t>(slot)] = false; }

  // Schedules the layers from `layer` on for branches whose frames are in the slot `input`, which
  // is free at the end. branches: the points of each.
  void grow(std::size_t layer, const std::vector<std::vector<Index>>& branches, Index input) {
    std::vector<std::vector<Shoot>> groups = groups_of(layer, branches);
    for (std::size_t i = 0; i < groups.size(); ++i) {
      Stage stage{.layer = static_cast<Index>(layer),
                  .branches = std::ssize(branches),
                  .input = input,
                  .output = take(),
                  .shoots = std::move(groups[i]),
                  .policies = {}};
      for (const Shoot& shoot : stage.shoots)
        stage.policies.push_back(&policy(shoot.points.front(), layer));
      schedule_.side_by_side = std::max(schedule_.side_by_side, std::ssize(stage.shoots));
      if (i + 1 == groups.size()) give_back(input);
      const Index output = stage.output;
      const bool leaf = layer + 1 == options_.layers;
      if (leaf && options_.spare) give_back(stage.spare = take());
      std::vector<std::vector<Index>> grown;
      for (const Shoot& shoot : stage.shoots) grown.push_back(shoot.points);
      schedule_.stages.push_back(std::move(stage));
      if (leaf)
        give_back(output);
      else
        grow(layer + 1, grown, output);
    }
  }

  const LayerPolicy& policy(Index point, std::size_t layer) const {
    return points_[static_cast<std::size_t>(point)].layers[layer];
  }

  // Returns the shoots of all branches, those that run side by side together. Groups of the same
  // numbers follow one another, so that they find the same scores of frames.
  std::vector<std::vector<Shoot>> groups_of(std::size_t layer,
                                            const std::vector<std::vector<Index>>& branches) const {
    std::vector<std::vector<Shoot>> launches;
    std::map<std::vector<double>, std::size_t> known;
    for (std::size_t from = 0; from < branches.size(); ++from)
      for (std::vector<Index>& points : choices_.parts(branches[from], layer)) {
        const auto [launch, is_new] =
            known.try_emplace(side_by_side_numbers(policy(points.front(), layer)), launches.size());
        if (is_new) launches.emplace_back();
        launches[launch->second].push_back({static_cast<Index>(from), std::move(points)});
      }
    std::vector<std::vector<Shoot>> groups;
    for (std::vector<Shoot>& launch : launches)
      for (std::size_t s = 0; s < launch.size(); ++s) {
        if (static_cast<Index>(s) % options_.most_side_by_side == 0) groups.emplace_back();
        groups.back().push_back(std::move(launch[s]));
      }
    return groups;
  }

  std::span<const OperatingPoint> points_;
  const LayerChoices& choices_;
  const ScheduleOptions& options_;
  std::vector<bool> taken_;  // of each slot
  Schedule schedule_;
};

}  // namespace

Schedule make_schedule(std::span<const OperatingPoint> points, const LayerChoices& choices,
                       const std::vector<Index>& chosen, const ScheduleOptions& options) {
  return Scheduler(points, choices, options).run(chosen);
}

}  // namespace edgeval::gpu
