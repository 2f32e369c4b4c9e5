// Where a report comes from: the program and its build, the device, and the command line as the
// user gave it.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace edgeval {

// {"version", "build", "device"}
nlohmann::ordered_json build_info(const std::string& device);

// Called once, by main.
void remember_invocation(int argc, const char* const* argv);

// Every word of it, the program's name first; empty where there was no command line.
const std::vector<std::string>& invocation();

}  // namespace edgeval
