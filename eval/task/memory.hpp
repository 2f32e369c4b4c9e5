// Tells how much memory this process may still take.
#pragma once

#include <filesystem>

namespace edgeval {

// Returns a number of bytes: the least of MemAvailable in /proc/meminfo and, where the process runs
// in a control group of version 2 (a container, a batch job), of memory.max - memory.current of
// that group and of every group around it. /proc and /sys are looked for below `root`; tests give
// another one.
double available_memory(const std::filesystem::path& root = "/");

}  // namespace edgeval
