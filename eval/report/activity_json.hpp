// Writes and reads an Activity as reports have it: shape and counts of each layer and direction,
// the totals, and the counts of a search (docs/formats/report.md).
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "host/engine/translate/decoder_engine.hpp"

namespace edgeval {

nlohmann::ordered_json to_json(const LayerShape& shape);
nlohmann::ordered_json to_json(const Activity& activity);
nlohmann::ordered_json totals_to_json(const Activity& activity);

nlohmann::ordered_json to_json(const SearchCounts& counts);

// Reads the activity of a stored report. Throws Error when anything is missing or does not add up;
// the message begins with `place`.
Activity activity_from_json(const nlohmann::json& json, const std::string& place);

}  // namespace edgeval
