#include "cuda/lane_activity.hpp"

#include "cuda/sequence/selection_runner.hpp"
#include "host/engine/counting.hpp"

namespace edgeval::gpu {

std::vector<Activity> lane_activities(const Model& model, const OperatingPoint& point,
                                      std::span<const LanesOfLayer> layers,
                                      std::span<const Index> lengths) {
  std::vector<Activity> activities(lengths.size());
  for (std::size_t i = 0; i < model.stack().size(); ++i) {
    const LayerCounted& counted = *layers[i].totals;
    const Index first = layers[i].first;
    std::size_t direction = 0;
    for (const LayerShape& shape : layer_shapes(model.layers[i], point.layers[i])) {
      for (Index n = 0; n < std::ssize(lengths); ++n) {
        const Index lane = first + n;
        const auto total = [&](Index which) {
          const Index row = static_cast<Index>(direction) * kTotals + which;
          return counted.totals[row * counted.lanes + lane];
        };
        LayerActivity activity{.shape = shape};
        activity[Count::kInputsChanged] = total(0);
        activity[Count::kInputsZero] = total(1);
        activity[Count::kRecurrentInputsChanged] = total(2);
        activity[Count::kRecurrentInputsZero] = total(3);
        count_selected(activity, point.layers[i], total(kSelected), total(kSelected + 1));
        const Index steps = lengths[n];
        complete_lane(activity, point.layers[i], steps,
                      counted.running.empty() ? steps : counted.running[direction][lane]);
        activities[n].layers.push_back(std::move(activity));
      }
      ++direction;
    }
  }
  return activities;
}

}  // namespace edgeval::gpu
