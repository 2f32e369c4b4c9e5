// Measures the median time of a piece of work.
#pragma once

#include <algorithm>
#include <chrono>
#include <vector>

namespace edgeval::bench {

// Calls work() warm_ups + repeats times, and returns the median wall time of the repeats in
// seconds.
template <class Work>
double median_seconds(const Work& work, int warm_ups, int repeats) {
  std::vector<double> seconds;
  for (int repeat = -warm_ups; repeat < repeats; ++repeat) {
    const auto start = std::chrono::steady_clock::now();
    work();
    const std::chrono::duration<double> passed = std::chrono::steady_clock::now() - start;
    if (repeat >= 0) seconds.push_back(passed.count());
  }
  std::ranges::nth_element(seconds, seconds.begin() + repeats / 2);
  return seconds[static_cast<std::size_t>(repeats / 2)];
}

}  // namespace edgeval::bench
