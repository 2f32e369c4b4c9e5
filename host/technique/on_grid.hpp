// Any operand rule under integer arithmetic: the element is brought onto the operand's grid, the
// rule decides there, and what enters the product is on the grid again (docs/techniques.md,
// "integer arithmetic"; binding decision 6: centroids and thresholds are rounded half up). Values
// travel as floats that hold them exactly.
#pragma once

#include "host/numeric/fixed_point.hpp"
#include "host/technique/as_is.hpp"
#include "host/technique/delta.hpp"
#include "host/technique/reuse.hpp"

namespace edgeval {

// A rule's parameters on the grids of x and h.
inline AsIs::Rule put_on_grid(AsIs::Rule rule, const Grid&, const Grid&) { return rule; }
inline Reuse::Rule put_on_grid(Reuse::Rule rule, const Grid&, const Grid&) { return rule; }
inline Delta::Rule put_on_grid(Delta::Rule rule, const Grid& x, const Grid& h) {
  // A threshold is a distance: it may exceed the operand's range, so it is rounded but not
  // saturated.
  const auto rounded = [](float threshold, const Grid& grid) {
    const double scaled = static_cast<double>(threshold) * static_cast<double>(grid.scale);
    return scaled < 1e9 ? static_cast<float>(static_cast<double>(round_half_up(scaled)) *
                                             static_cast<double>(grid.inverse))
                        : threshold;
  };
  return {rounded(rule.threshold_x, x), rounded(rule.threshold_h, h)};
}

template <class Inner>
struct OnGrid {
  static constexpr bool kIdentity = false;
  using State = typename Inner::State;

  Inner inner;
  Grid x, h;

  OnGrid(const Inner& rule, const Grid& x_grid, const Grid& h_grid)
      : inner(put_on_grid(rule, x_grid, h_grid)), x(x_grid), h(h_grid) {}

  EDGEVAL_HD float seen(float value, Source source) const { return grid(source).snap(value); }
  // `seen_value` is on the grid already.
  EDGEVAL_HD Operand next(float seen_value, Source source, State& state) const {
    const Operand now = inner.next(seen_value, source, state);
    return {Inner::kOnGivenValues ? now.value : grid(source).snap_half_up(now.value), now.changed};
  }
  EDGEVAL_HD const Grid& grid(Source source) const { return source == Source::kInput ? x : h; }
};

// A rule under integers of `bits` bits, x and h having so many fraction bits.
template <class Rule>
OnGrid<Rule> rule_on_grid(const Rule& plain, int bits, int x_bits, int h_bits) {
  return {plain, Grid::of(x_bits, bits), Grid::of(h_bits, bits)};
}

}  // namespace edgeval
