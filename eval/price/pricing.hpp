// Prices an activity on an accelerator, beside the dense run of the same data.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "host/core/activity.hpp"
#include "hwmodel/pricing.hpp"

namespace edgeval {

// The prices of an activity and of the dense run of the same data on one accelerator.
struct Pricing {
  std::string accelerator;
  hw::Price price;
  hw::Price dense;
  hw::RatioRange ratio;          // joules of the activity over joules of the dense run
  std::string bound;             // why `price` is the least it could be; empty if it is a forecast
  double as_trained_joules = 0;  // joules of the dense run with uncompressed weights
  double audio_seconds = 0;      // seconds of audio that were run; 0 for text

  // Whether the ranges of the accelerator's constants say how far off the ratio may be. They do not
  // when the price is a bound, nor when a single constant scales both energies.
  bool has_range() const {
    constexpr double kRounding = 1e-9;  // relative; sums in another order differ by about 1e-16
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

// Returns the named accelerators, or without names every one of the folder. Throws Error when two
// have the same name.
std::vector<hw::Accelerator> named_accelerators(const std::vector<std::string>& names,
                                                const std::filesystem::path& folder);

// Returns the named accelerators. Without names returns every accelerator of the folder that can
// price the activity, and the others as left out, with the reason. Throws Error when a named
// accelerator cannot price the activity, and when two have the same name.
ChosenAccelerators choose_accelerators(const std::vector<std::string>& names,
                                       const std::filesystem::path& folder,
                                       const Activity& activity);

// Prices the activity and its dense run. The dense run has the steps of `reference` where that is
// given: a run of the same layers that took other steps, as a search with another beam does.
Pricing price_beside_dense(const hw::Accelerator& accelerator, const Activity& activity,
                           double audio_seconds, const Activity* reference = nullptr);

}  // namespace edgeval
