// Cuts a test set into the blocks of utterances or sentences in which a sweep runs it. The blocks
// are a random permutation of the items, so that the first ones are a fair sample of the set; they
// depend on the seed and the size alone.
#pragma once

#include <cstdint>
#include <vector>

#include "host/core/matrix.hpp"

namespace edgeval {

// Returns the numbers of the items of each block. All blocks but the last have `size` items.
std::vector<std::vector<Index>> cut_into_blocks(Index items, Index size, std::uint64_t seed);

}  // namespace edgeval
