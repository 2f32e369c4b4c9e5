// The command line as the user gave it, for the reports.
#pragma once

#include <string>
#include <vector>

namespace edgeval {

// Called once, by main.
void remember_invocation(int argc, const char* const* argv);

// Every word of it, the program's name first; empty where there was no command line.
const std::vector<std::string>& invocation();

}  // namespace edgeval
