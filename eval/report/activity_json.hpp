// An Activity as the reports write and read it: the counts of each layer and direction, with its
// shape, their totals, and what a search took (docs/formats/report.md).
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "host/engine/translate/decoder_engine.hpp"

namespace edgeval {

nlohmann::ordered_json to_json(const LayerShape& shape);
nlohmann::ordered_json to_json(const Activity& activity);
nlohmann::ordered_json totals_to_json(const Activity& activity);

nlohmann::ordered_json to_json(const SearchCounts& counts);

// The activity of a stored report. Throws Error, opening with `place`, when anything is missing or
// does not add up.
Activity activity_from_json(const nlohmann::json& json, const std::string& place);

}  // namespace edgeval
