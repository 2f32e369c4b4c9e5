// Writes prices of accelerators as reports and `edgeval energy` have them (docs/formats/report.md).
#pragma once

#include <nlohmann/json.hpp>
#include <span>
#include <string>

#include "eval/price/pricing.hpp"

namespace edgeval {

nlohmann::ordered_json to_json(const Pricing& pricing);

// Adds to a report "energy" with each price, and "energy_left_out" with the reason why an
// accelerator has no price.
void add_energy(nlohmann::ordered_json& report, std::span<const Pricing> pricings,
                std::span<const LeftOut> left_out);

}  // namespace edgeval
