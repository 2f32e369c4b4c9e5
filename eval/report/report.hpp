// What several commands write of prices and of the program (docs/formats/report.md).
#pragma once

#include <nlohmann/json.hpp>
#include <span>
#include <string>

#include "eval/price/pricing.hpp"
#include "eval/report/activity_json.hpp"

namespace edgeval {

nlohmann::ordered_json to_json(const Pricing& pricing);

// {"version", "build", "device"}
nlohmann::ordered_json build_info(const std::string& device);

// "energy", and "energy_left_out" with the reason of each accelerator that is not there.
void add_energy(nlohmann::ordered_json& report, std::span<const Pricing> pricings,
                std::span<const LeftOut> left_out);

}  // namespace edgeval
