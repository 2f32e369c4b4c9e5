// Converts c of a cell (Numbers::State) into a float in units of 1 and back. Under fp32 c is this
// float; in integer arithmetic it has kStateBits fraction bits.
#pragma once

#include <type_traits>

#include "host/numeric/fixed_point.hpp"
#include "host/numeric/rounding.hpp"

namespace edgeval {

inline float cell_value(float c) { return c; }
inline float cell_value(std::int32_t c) {
  return static_cast<float>(static_cast<double>(c) / (1 << kStateBits));
}

template <class State>
State cell_state(float value) {
  if constexpr (std::is_same_v<State, float>) {
    return value;
  } else {
    const double scaled = static_cast<double>(value) * (1 << kStateBits);
    return Grid::nearest(clamp(scaled, -0x1p31 + 1, 0x1p31 - 1));
  }
}

}  // namespace edgeval
