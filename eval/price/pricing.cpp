#include "eval/price/pricing.hpp"

namespace edgeval {

Pricing price_beside_dense(const hw::Accelerator& accelerator, const Activity& activity,
                           double audio_seconds, const Activity* reference) {
  const Activity dense = dense_counts(activity, reference);
  Activity as_trained = dense;
  for (LayerActivity& layer : as_trained.layers) layer.shape.compressed_bits = 0;
  return {accelerator.name,
          hw::price(accelerator, activity),
          hw::price(accelerator, dense),
          hw::ratio_range(accelerator, activity, dense),
          hw::is_lower_bound(accelerator, activity) ? accelerator.lower_bound.reason : "",
          hw::price(accelerator, as_trained).joules,
          audio_seconds};
}

}  // namespace edgeval
