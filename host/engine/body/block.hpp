// The bodies of the pipeline (plan, operand, cell, unpack) are templates over a block: the threads that share one row of
// work. SerialBlock is one CPU thread; a CUDA block offers the same four functions. The order in which a block visits
// elements is its own affair, so bodies only do independent work per element and sum integers.
#pragma once

#include "host/core/matrix.hpp"
#include "host/numeric/host_device.hpp"

namespace edgeval {

struct SerialBlock {
  // visit(i) for every i in [0, count).
  template <class Visit>
  EDGEVAL_HD void for_each(Index count, Visit visit) const {
    EDGEVAL_INDEPENDENT
    for (Index i = 0; i < count; ++i) visit(i);
  }

  // The sum of value(i), an int, over [0, count); every thread of the block gets it.
  template <class Value>
  EDGEVAL_HD int sum(Index count, Value value) const {
    int total = 0;
    for (Index i = 0; i < count; ++i) total += value(i);
    return total;
  }

  // action() on one thread only.
  template <class Action>
  EDGEVAL_HD void once(Action action) const {
    action();
  }

  // What the block's threads wrote before is seen by all of them after.
  EDGEVAL_HD void synchronize() const {}
};

}  // namespace edgeval
