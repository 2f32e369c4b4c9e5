// Help for a mistyped name: the nearest known one.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace edgeval {

// "; did you mean X?" with the known name fewest edits away when it is near, else "; known: A, B,
// C".
std::string suggestion(std::string_view name, std::span<const std::string> known);

}  // namespace edgeval
