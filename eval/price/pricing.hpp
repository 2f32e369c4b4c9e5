// An activity priced on an accelerator, beside the dense run of the same data.
#pragma once

#include <string>
#include <vector>

#include "host/core/activity.hpp"
#include "hwmodel/pricing.hpp"

namespace edgeval {

// An activity priced on one accelerator, beside the dense run of the same data on it.
struct Pricing {
  std::string accelerator;
  hw::Price price;
  hw::Price dense;
  hw::RatioRange ratio;          // joules over dense joules
  std::string bound;             // why `price` is the least it could be; empty: it is a forecast
  double as_trained_joules = 0;  // of the dense run with weights of the shapes' weight_bits
  double audio_seconds = 0;      // 0: of text

  // Whether the accelerator's constants say how far off the ratio may be: not where the price is a
  // bound, and not where one constant scales both energies.
  bool has_range() const {
    constexpr double kRounding = 1e-9;  // relative: sums in another order make a width of 1e-16
    const bool wide = ratio.highest - ratio.lowest > kRounding * ratio.value;
    return bound.empty() && (wide || ratio.value == 1);
  }
};

// An accelerator that was not asked for by name and cannot price the work.
struct LeftOut {
  std::string accelerator;
  std::string reason;
};

struct ChosenAccelerators {
  std::vector<hw::Accelerator> accelerators;
  std::vector<LeftOut> left_out;
};

// reference: a run of the same layers that took other steps, as a search with another beam does;
// the dense run is then of its steps.
Pricing price_beside_dense(const hw::Accelerator& accelerator, const Activity& activity,
                           double audio_seconds, const Activity* reference = nullptr);

}  // namespace edgeval
