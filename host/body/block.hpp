// The bodies of the pipeline (plan, operand, cell, unpack) are templates over a block: the threads
// that share one row of work. SerialBlock is one CPU thread; a CUDA block offers the same
// functions. A block may visit elements in any order, so bodies only do independent work per
// element and sum integers, or floats where the last bits may differ from device to device; on one
// device the order follows from the number of elements alone. What any thread wrote before
// synchronize, sum, total or best, or while these asked for values, all threads of the block see
// afterwards.
#pragma once

#include "host/core/matrix.hpp"
#include "host/numeric/host_device.hpp"

namespace edgeval {

struct SerialBlock {
  static constexpr Index kParts = 16;

  // Calls visit(i) for every i in [0, count).
  template <class Visit>
  EDGEVAL_HD void for_each(Index count, Visit visit) const {
    EDGEVAL_INDEPENDENT
    for (Index i = 0; i < count; ++i) visit(i);
  }

  // Returns the sum of value(i), an int, over [0, count) to every thread of the block.
  template <class Value>
  EDGEVAL_HD int sum(Index count, Value value) const {
    int total = 0;
    for (Index i = 0; i < count; ++i) total += value(i);
    return total;
  }

  // Returns the sum of value(i), a number of any type, to every thread. It is made of kParts
  // partial sums, so that the loop vectorises.
  template <class T, class Value>
  EDGEVAL_HD_ALWAYS T total(Index count, Value value) const {
    T parts[kParts] = {};
    Index i = 0;
    for (; i + kParts <= count; i += kParts)
      for (Index p = 0; p < kParts; ++p) parts[p] += value(i + p);
    for (Index p = 0; i < count; ++i, ++p) parts[p] += value(i);
    T sum = 0;
    for (T part : parts) sum += part;
    return sum;
  }

  // Returns, to every thread, the value(i) that comes before all others and before `none`.
  // before(a, b) is a total order, or one that leaves open only the order of values that are alike.
  template <class T, class Value, class Before>
  EDGEVAL_HD_ALWAYS T best(Index count, T none, Value value, Before before) const {
    T parts[kParts];
    for (T& part : parts) part = none;
    const auto take = [&](T& part, const T& next) { part = before(next, part) ? next : part; };
    Index i = 0;
    for (; i + kParts <= count; i += kParts)
      for (Index p = 0; p < kParts; ++p) take(parts[p], value(i + p));
    for (; i < count; ++i) take(parts[0], value(i));
    for (Index p = 1; p < kParts; ++p) take(parts[0], parts[p]);
    return parts[0];
  }

  // Calls action() on one thread only.
  template <class Action>
  EDGEVAL_HD void once(Action action) const {
    action();
  }

  EDGEVAL_HD void synchronize() const {}
};

}  // namespace edgeval
