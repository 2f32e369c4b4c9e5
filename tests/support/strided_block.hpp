// A block for tests on the CPU that behaves as a CUDA block of `kThreads` threads may. Elements are
// dealt out to threads in strides, threads run in an order that nobody promised (the last thread
// first), and a tree adds the sums of the threads.
#pragma once

#include <array>

#include "host/body/block.hpp"

namespace edgeval::test {

template <int kThreads>
struct StridedBlock {
  static_assert((kThreads & (kThreads - 1)) == 0, "the tree wants a power of two");

  template <class Visit>
  void for_each(Index count, Visit visit) const {
    for (Index thread = kThreads - 1; thread >= 0; --thread)
      for (Index i = thread; i < count; i += kThreads) visit(i);
  }

  template <class Value>
  int sum(Index count, Value value) const {
    return total<int>(count, value);
  }

  template <class T, class Value>
  T total(Index count, Value value) const {
    std::array<T, kThreads> part{};
    for (Index thread = kThreads - 1; thread >= 0; --thread)
      for (Index i = thread; i < count; i += kThreads)
        part[static_cast<std::size_t>(thread)] += value(i);
    for (std::size_t half = kThreads / 2; half > 0; half /= 2)
      for (std::size_t thread = 0; thread < half; ++thread) part[thread] += part[thread + half];
    return part[0];
  }

  template <class T, class Value, class Before>
  T best(Index count, T none, Value value, Before before) const {
    T found = none;
    for (Index thread = kThreads - 1; thread >= 0; --thread)
      for (Index i = thread; i < count; i += kThreads) {
        const T next = value(i);
        if (before(next, found)) found = next;
      }
    return found;
  }

  template <class Action>
  void once(Action action) const {
    action();
  }
  void synchronize() const {}
};

}  // namespace edgeval::test
