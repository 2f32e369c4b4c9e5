// How much memory this process may still take: the least of MemAvailable in /proc/meminfo and, in a
// control group (version 2: a container, a batch job), memory.max - memory.current of the group and
// of those around it.
#pragma once

#include <filesystem>

namespace edgeval {

// In bytes. Looks below `root`, which tests replace.
double available_memory(const std::filesystem::path& root = "/");

}  // namespace edgeval
