// Turns counts into joules and cycles:
//   dynamic = sum over rules of count x times(shape) x pJ
//   static  = sum over components of mW x seconds
//   cycles  = sum over cycle rules of count x times(shape)
//   seconds = cycles / frequency
// All of this is linear in the counts. Absolute joules are proxies; ratios of two prices on one
// accelerator are what to trust.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "host/core/activity.hpp"
#include "hwmodel/accelerator.hpp"

namespace edgeval::hw {

struct ComponentEnergy {
  std::string component;
  double dynamic_joules = 0;
  double static_joules = 0;

  double joules() const { return dynamic_joules + static_joules; }
};

struct LayerPrice {
  std::string name, direction;
  double cycles = 0;
  double dynamic_joules = 0;
  double static_joules = 0;  // static energy of the whole chip while it works on this layer

  double joules() const { return dynamic_joules + static_joules; }
};

struct Price {
  double joules = 0;  // dynamic_joules + static_joules
  double dynamic_joules = 0;
  double static_joules = 0;
  double cycles = 0;
  double seconds = 0;
  std::vector<ComponentEnergy> components;  // in the accelerator's order
  std::vector<LayerPrice> layers;           // in the activity's order
};

// Returns why the accelerator cannot price the activity, as "layer lstm1 (forward): it has ...",
// without the accelerator's name; nothing where it can. It cannot where a count that is not zero
// has no rule and is not free, and where its rules are made for other kinds of cells.
std::optional<std::string> cannot_price(const Accelerator& accelerator, const Activity& activity);

// Whether the activity has work for which the accelerator's price is only the least that the energy
// could be.
bool is_lower_bound(const Accelerator& accelerator, const Activity& activity);

// Throws Error when the accelerator cannot price the activity.
Price price(const Accelerator& accelerator, const Activity& activity);

// Returns the seconds of audio per second of work, the inverse of the real-time factor of speech
// recognition. Throws Error when the price has no seconds.
double realtime_speed(const Price& price, double audio_seconds);

// joules(activity) / joules(reference), with the constants as given, and its extremes over all
// constants within their ranges, each taken independently of the others: the error bar of the
// ratio.
struct RatioRange {
  double value, lowest, highest;
};
RatioRange ratio_range(const Accelerator& accelerator, const Activity& activity,
                       const Activity& reference);

}  // namespace edgeval::hw
