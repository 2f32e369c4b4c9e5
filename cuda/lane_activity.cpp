#include "cuda/lane_activity.hpp"

#include "cuda/sequence/selection_runner.hpp"
#include "host/engine/counting.hpp"

namespace edgeval::gpu {

std::vector<Activity> lane_activities(const Model& model, const OperatingPoint& point,
                                      std::span<const unsigned long long> totals,
                                      std::span<const std::vector<std::int32_t>> running,
                                      std::span<const Index> lengths) {
  const Index lanes = std::ssize(lengths);
  std::vector<Activity> activities(lengths.size());
  Index shape = 0;
  for (std::size_t i = 0; i < model.stack().size(); ++i)
    for (const LayerShape& of_layer : layer_shapes(model.layers[i], point.layers[i])) {
      for (Index lane = 0; lane < lanes; ++lane) {
        const auto total = [&](Index which) {
          return totals[(shape * kTotals + which) * lanes + lane];
        };
        LayerActivity activity{.shape = of_layer};
        activity[Count::kInputsChanged] = total(0);
        activity[Count::kInputsZero] = total(1);
        activity[Count::kRecurrentInputsChanged] = total(2);
        activity[Count::kRecurrentInputsZero] = total(3);
        count_selected(activity, point.layers[i], total(kSelected), total(kSelected + 1));
        const Index steps = lengths[lane];
        complete_lane(activity, point.layers[i], steps,
                      running[shape].empty() ? steps : running[shape][lane]);
        activities[lane].layers.push_back(std::move(activity));
      }
      ++shape;
    }
  return activities;
}

}  // namespace edgeval::gpu
