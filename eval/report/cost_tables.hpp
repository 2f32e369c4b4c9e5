// Tables of work and energy for people.
#pragma once

#include <span>
#include <string>

#include "eval/price/pricing.hpp"

namespace edgeval {

// kBrief leaves out what is behind the headline figures: layers, components, notes.
enum class Detail { kBrief, kFull };

// Energy, time and the breakdown by component, beside the dense run; with weights changed, also
// beside the dense run of those as trained. The ratio has its range over the ranges of the
// constants. Below, what the columns say, and the accelerators left out.
std::string energy_table(std::span<const Pricing> pricings, std::span<const LeftOut> left_out,
                         Detail detail);

// "MACs executed ..." and a line for each layer and direction, beside the dense network's MACs.
// reference: as in dense_counts.
std::string work_table(const Activity& activity, Detail detail,
                       const Activity* reference = nullptr);

// A number with an SI prefix and four digits: 1.234 mJ.
std::string si(double value, const char* unit);

}  // namespace edgeval
