// Balanced quantization (Zhou et al. 2017): the sorted values are cut into 2^k groups of equal
// count, and group g becomes the level min + g (max - min) / (2^k - 1). So every level is used
// about as often, whatever the distribution is. Of n values the one of rank r (from 0) falls into
// group floor(r 2^k / n); equal values all go to the lowest of their groups.
#pragma once

#include <algorithm>
#include <cstdint>
#include <numeric>
#include <span>
#include <vector>

namespace edgeval {

// Returns the group of every value; bits lies between 1 and 16.
inline std::vector<std::uint32_t> balanced_groups(std::span<const float> x, int bits) {
  std::vector<std::uint64_t> order(x.size());
  std::iota(order.begin(), order.end(), std::uint64_t{0});
  std::ranges::sort(
      order, [&](std::uint64_t a, std::uint64_t b) { return x[a] != x[b] ? x[a] < x[b] : a < b; });
  std::vector<std::uint32_t> groups(x.size());
  for (std::uint64_t rank = 0; rank < order.size(); ++rank) {
    const bool tied = rank > 0 && x[order[rank]] == x[order[rank - 1]];
    groups[order[rank]] =
        tied ? groups[order[rank - 1]] : static_cast<std::uint32_t>((rank << bits) / order.size());
  }
  return groups;
}

inline void quantize_balanced(std::span<float> x, int bits) {
  if (x.empty()) return;
  const auto [least, greatest] = std::ranges::minmax(x);
  const double low = static_cast<double>(least);
  const double range = static_cast<double>(greatest) - low,
               last = static_cast<double>((1 << bits) - 1);
  const std::vector<std::uint32_t> groups = balanced_groups(x, bits);
  for (std::size_t i = 0; i < x.size(); ++i)
    x[i] = static_cast<float>(low + range * static_cast<double>(groups[i]) / last);
}

}  // namespace edgeval
