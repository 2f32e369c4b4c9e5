// An Activity as the reports write and read it: the counts of each layer and direction, with its
// shape, and their totals (docs/formats.md, "report").
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "host/core/activity.hpp"

namespace edgeval {

nlohmann::ordered_json to_json(const Activity& activity);
nlohmann::ordered_json totals_to_json(const Activity& activity);

// The activity of a stored report. Throws Error, opening with `place`, when anything is missing or
// does not add up.
Activity activity_from_json(const nlohmann::json& json, const std::string& place);

}  // namespace edgeval
