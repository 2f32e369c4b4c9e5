#include "tests/literal/literal_fixed_cells.hpp"

#include "host/layer/kinds.hpp"

namespace edgeval::test {
namespace {

const Whole kOne = power(kGateFraction);

// Returns a kept + (1 - a) fresh. `kept` and `fresh` are in units of 2^-20, `a` in units of 2^-15.
Whole blend(Whole a, Whole kept, Whole fresh) {
  return half_away(a * kept + (kOne - a) * fresh, power(kGateFraction));
}

Whole to_state(Whole unit) { return unit * power(kStateFraction - kGateFraction); }

// Turns a value in units of 2^-fraction into units of 2^-to, rounding it if these are coarser.
Whole rescaled(Whole value, int fraction, int to) {
  return to >= fraction ? value * power(to - fraction) : half_away(value, power(fraction - to));
}

}  // namespace

Format recurrent_format(const RecurrentLayer& layer, std::size_t direction, Format cells) {
  if (layer.form.projection == 0) return cells;
  const FixedColumns weights(layer.weights[direction].weight_hr, cells.bits);
  Whole largest = 1;
  for (Index p = 0; p < layer.form.projection; ++p) {
    Whole sum = 0;
    for (Index j = 0; j < layer.cells; ++j) sum += std::abs(weights[j][p]);
    largest = std::max(largest, sum);
  }
  // |h| is at most largest 2^-fraction, and its code must fit bits - 1 bits beside the sign.
  for (int f = weights.fraction() + cells.bits - 2;; --f)
    if (std::ldexp(static_cast<long double>(largest), f - weights.fraction()) <=
        static_cast<long double>(power(cells.bits - 1) - 1))
      return {cells.bits, f};
}

FixedCells::FixedCells(const RecurrentLayer& layer, std::size_t direction,
                       const CellFormats& formats, const FixedColumns& w, const FixedColumns& u)
    : layer_(layer),
      weights_(layer.weights[direction]),
      formats_(formats),
      w_(w),
      u_(u),
      diagonal_(weights_.diagonal, formats.x.bits),
      projection_(weights_.weight_hr, formats.x.bits),
      wx_fraction_(w.fraction() + formats.x.fraction),
      uh_fraction_(layer.recurrent() > 0 ? u.fraction() + formats.recurrent.fraction
                                         : wx_fraction_),
      sum_fraction_(std::max({wx_fraction_, uh_fraction_, kStateFraction + 1})),
      given_(layer.cells),
      h_(layer.width()),
      c_(layer.cells),
      output_(layer.width()) {}

Whole FixedCells::z(Whole wx, Whole uh, float bias) const {
  const Whole sum = wx * power(sum_fraction_ - wx_fraction_) +
                    uh * power(sum_fraction_ - uh_fraction_) +
                    to_whole(bias, sum_fraction_, half_away);
  return saturated(half_away(sum, power(sum_fraction_ - kStateFraction)), 32);
}

Whole FixedCells::with_diagonal(Whole z, Index row, Index j, Whole c) const {
  const Whole product = diagonal_[j][row] * c;
  const int fraction = diagonal_.fraction() + kStateFraction;
  return saturated(z + rescaled(product, fraction, kStateFraction), 32);
}

float FixedCells::bias(Index o) const {
  if (weights_.bias.size() == 0) return 0;
  return weights_.bias_hh.size() == 0 ? weights_.bias(0, o)
                                      : weights_.bias(0, o) + weights_.bias_hh(0, o);
}

void FixedCells::give(Index j, Whole value, int fraction) {
  const Format format = formats_.cells;
  given_[j] = static_cast<std::int64_t>(
      saturated(half_away(value, power(fraction - format.fraction)), format.bits));
}

template <>
FixedCells::Each FixedCells::take<Lstm>(const float*) {
  for (Index j = 0; j < layer_.cells; ++j) {
    const auto gate = [&](Index g) { return z(wx_[at(g, j)], uh_[at(g, j)], bias(at(g, j))); };
    const auto peep = [&](Whole value, Index row, Whole c) {
      return layer_.form.peepholes ? with_diagonal(value, row, j, c) : value;
    };
    const Whole before = c_[j];
    const Whole i = sigmoid(peep(gate(0), 0, before)), f = sigmoid(peep(gate(1), 1, before));
    const Whole g = hyperbolic_tangent(gate(2));
    // f c has 15 + 20 fraction bits, and i g has 15 + 15.
    c_[j] = saturated(half_away(f * before + to_state(i * g), power(kGateFraction)), 32);
    const Whole o = sigmoid(peep(gate(3), 2, c_[j]));
    give(j, o * hyperbolic_tangent(c_[j]), 2 * kGateFraction);
  }
  return layer_.form.peepholes ? Each{6, 8, 5} : Each{3, 5, 5};
}

void FixedCells::project(LayerActivity& counts) {
  const Format h = formats_.recurrent;
  const int fraction = projection_.fraction() + formats_.cells.fraction;
  for (Index p = 0; p < layer_.form.projection; ++p) {
    Whole sum = 0;
    for (Index j = 0; j < layer_.cells; ++j) {
      sum += projection_[j][p] * given_[j];
      ++counts[h.bits == 16 ? Count::kMacs16x16 : Count::kMacs8x8];
      ++counts[h.bits == 16 ? Count::kWeightWords16 : Count::kWeightWords8];
    }
    h_[p] =
        static_cast<std::int64_t>(saturated(half_away(sum, power(fraction - h.fraction)), h.bits));
    output_[p] = h.value(h_[p]);
  }
}

template <>
FixedCells::Each FixedCells::take<Gru>(const float*) {
  const bool unbiased = layer_.form.unbiased;
  if (layer_.form.reset_before) {
    const auto z_of = [&](Index o, Whole recurrent) { return z(wx_[o], recurrent, bias(o)); };
    for (Index j = 0; j < layer_.cells; ++j)
      give(j, sigmoid(z_of(at(0, j), uh_[at(0, j)])) * c_[j], kGateFraction + kStateFraction);
    const std::vector<std::int64_t> reset = given_;
    for (Index j = 0; j < layer_.cells; ++j) {
      Whole recurrent = 0;
      for (Index i = 0; i < layer_.cells; ++i)
        recurrent += static_cast<Whole>(u_[i][at(2, j)]) * reset[i];
      const Whole keep = sigmoid(z_of(at(1, j), uh_[at(1, j)]));
      c_[j] = blend(keep, c_[j], to_state(hyperbolic_tangent(z_of(at(2, j), recurrent))));
      give(j, c_[j], kStateFraction);
    }
    return {3, unbiased ? 2 : 5, 3};
  }
  for (Index j = 0; j < layer_.cells; ++j) {
    const auto gate = [&](Index g) { return z(wx_[at(g, j)], uh_[at(g, j)], bias(at(g, j))); };
    const Whole r = sigmoid(gate(0)), keep = sigmoid(gate(1));
    const Index o = at(2, j);
    const Whole a = z(wx_[o], 0, unbiased ? 0.0F : weights_.bias(0, o));
    const Whole b = z(0, uh_[o], unbiased ? 0.0F : weights_.bias_hh(0, o));
    const Whole n = hyperbolic_tangent(saturated(a + half_away(r * b, power(kGateFraction)), 32));
    c_[j] = blend(keep, c_[j], to_state(n));
    give(j, c_[j], kStateFraction);
  }
  return {3, unbiased ? 2 : 6, 3};
}

template <>
FixedCells::Each FixedCells::take<Sru>(const float* x) {
  for (Index j = 0; j < layer_.cells; ++j) {
    const Whole before = c_[j];
    const auto gate = [&](Index g) {
      return sigmoid(
          with_diagonal(z(wx_[at(g, j)], 0, weights_.bias(0, at(g - 1, j))), g - 1, j, before));
    };
    const Whole f = gate(1), r = gate(2);
    c_[j] = blend(f, before, z(wx_[at(0, j)], 0, 0));
    const Whole shown = layer_.form.output_tanh ? to_state(hyperbolic_tangent(c_[j])) : c_[j];
    Whole beside = 0;
    if (layer_.gates() == 4) {
      beside = z(wx_[at(3, j)], 0, 0);
    } else {
      const Whole code = saturated(to_whole(x[j], formats_.x.fraction, half_away), formats_.x.bits);
      beside = saturated(rescaled(code, formats_.x.fraction, kStateFraction), 32);
    }
    const Whole h = blend(r, shown, beside);
    output_[j] = static_cast<float>(std::ldexp(static_cast<double>(h), -kStateFraction));
  }
  return {6, 8, layer_.form.output_tanh ? 3 : 2};
}

template <>
FixedCells::Each FixedCells::take<Qrnn>(const float*) {
  for (Index j = 0; j < layer_.cells; ++j) {
    const auto gate = [&](Index g) { return z(wx_[at(g, j)], 0, bias(at(g, j))); };
    c_[j] = blend(sigmoid(gate(1)), c_[j], to_state(hyperbolic_tangent(gate(0))));
    const Whole shown = layer_.form.output_tanh ? to_state(hyperbolic_tangent(c_[j])) : c_[j];
    give(j, sigmoid(gate(2)) * shown, kGateFraction + kStateFraction);
  }
  return {3, layer_.form.unbiased ? 2 : 5, layer_.form.output_tanh ? 4 : 3};
}

void FixedCells::step(const std::vector<std::int64_t>& wx, const std::vector<std::int64_t>& uh,
                      const float* x, LayerActivity& counts) {
  wx_.assign(wx.begin(), wx.end());
  uh_.assign(uh.begin(), uh.end());
  uh_.resize(wx_.size());
  const Each each =
      RecurrentKinds::visit(layer_.kind, [&]<class Kind>(Kind) { return take<Kind>(x); });
  if (layer_.form.projection > 0) {
    project(counts);
  } else if (layer_.kind != kSru) {
    h_ = given_;
    for (Index j = 0; j < layer_.cells; ++j) output_[j] = formats_.cells.value(given_[j]);
  }
  const auto cells = static_cast<std::uint64_t>(layer_.cells);
  counts[Count::kElementwiseMultiplications] +=
      cells * static_cast<std::uint64_t>(each.multiplications);
  counts[Count::kElementwiseAdditions] += cells * static_cast<std::uint64_t>(each.additions);
  counts[Count::kNonlinearities] += cells * static_cast<std::uint64_t>(each.nonlinear);
  counts[Count::kOutputs] += cells;
}

}  // namespace edgeval::test
