// What a person reads on the terminal.
#pragma once

#include <span>
#include <string>

#include "eval/report.hpp"

namespace edgeval {

std::string summary(const Run& run, std::span<const Pricing> pricings);

// Energy, time and the breakdown by component, beside the dense run; the ratio with its range over the constants' ranges.
std::string energy_table(std::span<const Pricing> pricings);

// A number with an SI prefix and four digits: 1.234 mJ.
std::string si(double value, const char* unit);

}  // namespace edgeval
