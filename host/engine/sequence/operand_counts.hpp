// Adds the changed and zero elements of a row of x or h to the counts of its layer.
#pragma once

#include "host/body/operand.hpp"
#include "host/core/activity.hpp"

namespace edgeval {

inline void add_counts(LayerActivity& activity, Source source, const OperandCounts& counts) {
  const bool input = source == Source::kInput;
  activity[input ? Count::kInputsChanged : Count::kRecurrentInputsChanged] +=
      static_cast<std::uint64_t>(counts.changed);
  activity[input ? Count::kInputsZero : Count::kRecurrentInputsZero] +=
      static_cast<std::uint64_t>(counts.zero);
}

}  // namespace edgeval
