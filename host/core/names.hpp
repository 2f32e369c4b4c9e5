// Suggests the nearest known name for a mistyped one.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace edgeval {

// Returns "; did you mean X?" with the known name that is the fewest edits away if it is near, else
// "; known: A, B, C", or "" when nothing is known.
std::string suggestion(std::string_view name, std::span<const std::string> known);

}  // namespace edgeval
