// Says where a report comes from: the program and its build, the device, and the command line as
// the user gave it.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace edgeval {

struct Provenance {
  std::string version;                  // the program's
  std::string build;                    // compiler, with or without CUDA
  std::string device;                   // device on which a network ran or could run, for people
  std::vector<std::string> invocation;  // every word of the command line, the program's name first
};

// Keeps the command line. main() calls this once.
void remember_invocation(int argc, const char* const* argv);

// Returns the provenance of what this program does on the device. There is no invocation when no
// command line was kept.
Provenance provenance_on(std::string device);

// Returns the SHA-256 of the program's file, which differs between builds of other sources, by
// another compiler, with other flags or for other instructions; empty where the system does not
// show the file.
std::string program_hash();

// Returns the kind of the CPU, "CPU, Intel(R) Xeon(R) Platinum 8380 CPU @ 2.30GHz"; "CPU" where the
// system does not tell.
std::string cpu_kind();

// Returns {"version", "build", "device"}.
nlohmann::ordered_json to_json(const Provenance& provenance);

}  // namespace edgeval
