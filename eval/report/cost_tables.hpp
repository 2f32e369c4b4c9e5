// Makes tables of work and energy for people.
#pragma once

#include <span>
#include <string>

#include "eval/price/pricing.hpp"

namespace edgeval {

// kBrief has the headline figures alone; kFull adds layers, components and notes.
enum class Detail { kBrief, kFull };

// Returns a table of energy and time, beside the dense run, with a row for each accelerator and, in
// full, for each component. Where the weights are not as trained, a column has the energy of the
// dense run with weights as trained. The ratio's range follows from the ranges of the constants. In
// full, notes explain the columns and name the accelerators left out.
std::string energy_table(std::span<const Pricing> pricings, std::span<const LeftOut> left_out,
                         Detail detail);

// Returns a line "MACs executed ..." and, in full, a table with a row for each layer and direction.
// The dense network's MACs follow from dense_counts(activity, reference).
std::string work_table(const Activity& activity, Detail detail,
                       const Activity* reference = nullptr);

// Returns a number with four digits and an SI prefix: "1.234 mJ".
std::string si(double value, const char* unit);

}  // namespace edgeval
