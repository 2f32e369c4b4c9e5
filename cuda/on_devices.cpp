#include "cuda/on_devices.hpp"

#include <algorithm>
#include <cstdlib>

namespace edgeval::gpu {

std::vector<Index> shares_of(const std::vector<Index>& offsets, Index shares) {
  std::vector<Index> begin{0};
  const Index count = std::ssize(offsets) - 1;
  for (Index share = 1; share < shares; ++share) {
    // Where the share before ends is compared in parts of a frame, so that nothing is rounded.
    const Index ideal = offsets.back() * share;
    const auto at = [&](Index n) { return offsets[n] * shares; };
    Index end = std::min(begin.back() + 1, count);
    while (end < count && std::abs(at(end + 1) - ideal) <= std::abs(at(end) - ideal)) ++end;
    begin.push_back(end);
  }
  begin.push_back(count);
  return begin;
}

int threads_of_each(const Gpus& gpus, int threads) {
  const int all = threads > 0 ? threads : hardware_threads();
  return std::max(1, all / std::max(1, static_cast<int>(gpus.numbers.size())));
}

std::string names_of(const std::vector<int>& numbers) {
  std::vector<std::string> names;
  for (const int number : numbers) names.push_back(device_name(number));
  if (names.size() > 1 && std::ranges::count(names, names.front()) == std::ssize(names))
    return concat(names.size(), " x ", names.front());
  std::string all;
  for (const std::string& name : names) all += (all.empty() ? "" : ", ") + name;
  return all;
}

}  // namespace edgeval::gpu
