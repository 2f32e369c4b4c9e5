// Prices of accelerators as reports and `edgeval energy` write them (docs/formats/report.md).
#pragma once

#include <nlohmann/json.hpp>
#include <span>
#include <string>

#include "eval/price/pricing.hpp"

namespace edgeval {

nlohmann::ordered_json to_json(const Pricing& pricing);

// "energy", and "energy_left_out" with the reason of each accelerator that is not there.
void add_energy(nlohmann::ordered_json& report, std::span<const Pricing> pricings,
                std::span<const LeftOut> left_out);

}  // namespace edgeval
