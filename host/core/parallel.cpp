#include "host/core/parallel.hpp"

#include <sched.h>

#include <algorithm>
#include <atomic>
#include <exception>
#include <mutex>
#include <system_error>
#include <thread>

namespace edgeval {

int hardware_threads() {
  cpu_set_t own;
  CPU_ZERO(&own);
  // This fails on a machine of more processors than the set has places for.
  if (::sched_getaffinity(0, sizeof(own), &own) == 0) return std::max(1, CPU_COUNT(&own));
  return std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
}

void parallel_for(Index count, int threads, const std::function<void(Index)>& task) {
  std::atomic<Index> next{0};
  std::exception_ptr failure;
  std::mutex failure_mutex;
  const auto work = [&] {
    for (Index i = next++; i < count; i = next++) {
      try {
        task(i);
      } catch (...) {
        const std::lock_guard lock(failure_mutex);
        if (!failure) failure = std::current_exception();
        next = count;
      }
    }
  };
  {
    std::vector<std::jthread> helpers;
    try {
      for (Index i = 1; i < std::min<Index>(threads, count); ++i) helpers.emplace_back(work);
    } catch (const std::system_error&) {
      // Where the system gives no more threads, the running ones do all tasks.
    }
    work();
  }
  if (failure) std::rethrow_exception(failure);
}

}  // namespace edgeval
