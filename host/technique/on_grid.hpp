// Any operand rule under integer arithmetic: the element is brought onto the operand's grid, the
// rule decides there, and what enters the product is brought onto the grid again
// (docs/techniques.md, "Integer arithmetic"; binding decision 8: centroids and thresholds are
// rounded half up). Floats carry the values and hold them exactly.
#pragma once

#include "host/numeric/fixed_point.hpp"
#include "host/technique/technique.hpp"

namespace edgeval {

// Returns the operand with its parameters brought onto the grids of x and h, as integer arithmetic
// has them.
template <class Technique>
Technique on_grids(Technique operand, const Grid& x, const Grid& h) {
  if constexpr (requires { operand.put_on_grids(x, h); }) operand.put_on_grids(x, h);
  return operand;
}

template <class Inner>
struct OnGrid {
  static constexpr bool kIdentity = false;
  using State = typename Inner::State;

  Inner inner;  // rule of an operand on these grids
  Grid x, h;

  EDGEVAL_HD float seen(float value, Source source) const { return grid(source).snap(value); }
  // `seen_value` must be on the grid, as seen() returns it.
  EDGEVAL_HD Operand next(float seen_value, Source source, State& state) const {
    const Operand now = inner.next(seen_value, source, state);
    return {Inner::kOnGivenValues ? now.value : grid(source).snap_half_up(now.value), now.changed};
  }
  EDGEVAL_HD const Grid& grid(Source source) const { return source == Source::kInput ? x : h; }
};

// Returns an operand's rule for integers of `bits` bits, of which x and h have x_bits and h_bits
// fraction bits.
template <class Technique>
auto rule_on_grid(const Technique& operand, int bits, int x_bits, int h_bits) {
  const Grid x = Grid::of(x_bits, bits), h = Grid::of(h_bits, bits);
  const auto rule = on_grids(operand, x, h).rule();
  return OnGrid<std::remove_const_t<decltype(rule)>>{rule, x, h};
}

}  // namespace edgeval
