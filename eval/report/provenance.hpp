// Says where a report comes from: the program and its build, the device, and the command line as
// the user gave it.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace edgeval {

// Returns {"version", "build", "device"}.
nlohmann::ordered_json build_info(const std::string& device);

// Keeps the command line. main() calls this once.
void remember_invocation(int argc, const char* const* argv);

// Returns every word of the command line, the program's name first, or no words when none was kept.
const std::vector<std::string>& invocation();

}  // namespace edgeval
