// Makes one journal of the journals of a sweep whose parts ran apart, as the jobs of an array do.
#pragma once

#include <filesystem>
#include <vector>

#include "host/core/matrix.hpp"

namespace edgeval {

struct Merged {
  Index results = 0;  // results in the new journal
  Index of = 0;       // results that the whole sweep has; 0 where the head does not tell
  Index doubles = 0;  // equal results that were left out
};

// Writes the results of all journals (sweep_journal.hpp) of these folders to a new one, `to`, which
// must not exist. Throws Error when a folder has no journal, when two journals have different
// heads, and when two have different results of the same point and block.
Merged merge_journals(const std::vector<std::filesystem::path>& folders,
                      const std::filesystem::path& to);

}  // namespace edgeval
