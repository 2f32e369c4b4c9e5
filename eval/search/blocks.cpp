#include "eval/search/blocks.hpp"

#include <algorithm>
#include <numeric>

#include "host/numeric/random.hpp"

namespace edgeval {

std::vector<std::vector<Index>> cut_into_blocks(Index items, Index size, std::uint64_t seed) {
  std::vector<Index> order(static_cast<std::size_t>(items));
  std::iota(order.begin(), order.end(), Index{0});
  SplitMix64 random = random_stream(seed, 0);
  for (std::size_t left = order.size(); left > 1; --left)
    std::swap(order[left - 1], order[random.below(left)]);
  std::vector<std::vector<Index>> blocks;
  for (auto first = order.begin(); first != order.end();) {
    const auto last = first + std::min(size, static_cast<Index>(order.end() - first));
    blocks.emplace_back(first, last);
    first = last;
  }
  return blocks;
}

}  // namespace edgeval
