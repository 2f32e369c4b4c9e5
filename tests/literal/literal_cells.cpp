#include "tests/literal/literal_cells.hpp"

#include <cmath>

#include "host/layer/kinds.hpp"

namespace edgeval::test {
namespace {

// Arithmetic that counts its operations.
struct Counted {
  LayerActivity& counts;

  double times(double a, double b) {
    ++counts[Count::kElementwiseMultiplications];
    return a * b;
  }
  double plus(double a, double b) {
    ++counts[Count::kElementwiseAdditions];
    return a + b;
  }
  double sigmoid(double z) {
    ++counts[Count::kNonlinearities];
    return 1 / (1 + std::exp(-z));
  }
  double tanh(double z) {
    ++counts[Count::kNonlinearities];
    return std::tanh(z);
  }
};

// The sums, weights and state of one direction at one step, which all kinds of cells share.
struct Step {
  const RecurrentLayer& layer;
  const RecurrentWeights& weights;
  const Values &wx, &uh;
  const float* x;
  CellState& state;
  Counted math;

  Index at(Index gate, Index j) const { return gate * layer.cells + j; }
  double bias(const Matrix<float>& biases, Index o) const {
    return static_cast<double>(biases(0, o));
  }
  double diagonal(Index row, Index j) const {
    return static_cast<double>(weights.diagonal(row, j));
  }
};

void take(Lstm, Step& s) {
  const Index cells = s.layer.cells;
  Values shown(static_cast<std::size_t>(cells));
  for (Index j = 0; j < cells; ++j) {
    const auto z = [&](Index gate) {
      const Index o = s.at(gate, j);
      return s.math.plus(s.wx[o] + s.uh[o], s.bias(s.weights.bias, o));
    };
    const auto peep = [&](double preactivation, Index row, double c) {
      return s.layer.form.peepholes
                 ? s.math.plus(preactivation, s.math.times(s.diagonal(row, j), c))
                 : preactivation;
    };
    const double before = s.state.c[j];
    const double i = s.math.sigmoid(peep(z(0), 0, before));
    const double f = s.math.sigmoid(peep(z(1), 1, before));
    const double g = s.math.tanh(z(2));
    s.state.c[j] = s.math.plus(s.math.times(f, before), s.math.times(i, g));
    const double o = s.math.sigmoid(peep(z(3), 2, s.state.c[j]));
    shown[j] = s.math.times(o, s.math.tanh(s.state.c[j]));
  }
  if (s.layer.form.projection == 0) {
    s.state.h = shown;
    return;
  }
  for (Index p = 0; p < s.layer.form.projection; ++p) {
    s.state.h[p] = 0;
    for (Index j = 0; j < cells; ++j) {
      s.state.h[p] += static_cast<double>(s.weights.weight_hr(p, j)) * shown[j];
      ++s.math.counts[Count::kMacsFp32];
      ++s.math.counts[Count::kWeightWords32];
    }
  }
}

// Returns h = (1 - z) n + z h(t-1).
double gru_blend(Step& s, double z, double n, double before) {
  return s.math.plus(s.math.times(s.math.plus(1, -z), n), s.math.times(z, before));
}

// The GRU by the equations in PyTorch's documentation of nn.GRU. The gates r and z each add the sum
// of their two biases.
void gru_reset_after(Step& s) {
  for (Index j = 0; j < s.layer.cells; ++j) {
    const auto both = [&](Index o) {
      const double sum = s.wx[o] + s.uh[o];
      if (s.layer.form.unbiased) return sum;
      return s.math.plus(sum, s.bias(s.weights.bias, o) + s.bias(s.weights.bias_hh, o));
    };
    const auto one = [&](double sum, const Matrix<float>& biases, Index o) {
      return s.layer.form.unbiased ? sum : s.math.plus(sum, s.bias(biases, o));
    };
    const Index o = s.at(2, j);
    const double r = s.math.sigmoid(both(s.at(0, j))), z = s.math.sigmoid(both(s.at(1, j)));
    const double recurrent = s.math.times(r, one(s.uh[o], s.weights.bias_hh, o));
    const double n = s.math.tanh(one(s.wx[o], s.weights.bias, o) + recurrent);
    s.state.h[j] = gru_blend(s, z, n, s.state.h[j]);
  }
}

// The GRU of Cho et al. 2014, whose reset gate multiplies h before the product with U.
void gru_reset_before(Step& s) {
  const Index cells = s.layer.cells;
  const auto z_of = [&](Index o, double recurrent) {
    const double sum = s.wx[o] + recurrent;
    if (s.layer.form.unbiased) return sum;
    return s.math.plus(sum, s.bias(s.weights.bias, o) + s.bias(s.weights.bias_hh, o));
  };
  Values reset(static_cast<std::size_t>(cells)), next(static_cast<std::size_t>(cells));
  for (Index j = 0; j < cells; ++j) {
    const double r = s.math.sigmoid(z_of(s.at(0, j), s.uh[s.at(0, j)]));
    reset[j] = s.math.times(r, s.state.h[j]);
  }
  for (Index j = 0; j < cells; ++j) {
    double recurrent = 0;
    for (Index i = 0; i < cells; ++i)
      recurrent += static_cast<double>(s.weights.weight_hh(s.at(2, j), i)) * reset[i];
    const double z = s.math.sigmoid(z_of(s.at(1, j), s.uh[s.at(1, j)]));
    const double n = s.math.tanh(z_of(s.at(2, j), recurrent));
    next[j] = gru_blend(s, z, n, s.state.h[j]);
  }
  s.state.h = next;
}

void take(Gru, Step& s) {
  return s.layer.form.reset_before ? gru_reset_before(s) : gru_reset_after(s);
}

void take(Sru, Step& s) {
  for (Index j = 0; j < s.layer.cells; ++j) {
    const double before = s.state.c[j];
    const auto gate = [&](Index g) {  // gate 1 is f, gate 2 is r
      const double own = s.math.plus(s.wx[s.at(g, j)], s.math.times(s.diagonal(g - 1, j), before));
      return s.math.sigmoid(s.math.plus(own, s.bias(s.weights.bias, s.at(g - 1, j))));
    };
    const double f = gate(1), r = gate(2);
    const double x = s.layer.gates() == 4 ? s.wx[s.at(3, j)] : static_cast<double>(s.x[j]);
    s.state.c[j] =
        s.math.plus(s.math.times(f, before), s.math.times(s.math.plus(1, -f), s.wx[s.at(0, j)]));
    const double shown = s.layer.form.output_tanh ? s.math.tanh(s.state.c[j]) : s.state.c[j];
    s.state.h[j] = s.math.plus(s.math.times(r, shown), s.math.times(s.math.plus(1, -r), x));
  }
}

void take(Qrnn, Step& s) {
  for (Index j = 0; j < s.layer.cells; ++j) {
    const auto z = [&](Index gate) {
      const Index o = s.at(gate, j);
      return s.layer.form.unbiased ? s.wx[o] : s.math.plus(s.wx[o], s.bias(s.weights.bias, o));
    };
    const double y = s.math.tanh(z(0)), f = s.math.sigmoid(z(1)), o = s.math.sigmoid(z(2));
    s.state.c[j] = s.math.plus(s.math.times(f, s.state.c[j]), s.math.times(s.math.plus(1, -f), y));
    s.state.h[j] =
        s.math.times(o, s.layer.form.output_tanh ? s.math.tanh(s.state.c[j]) : s.state.c[j]);
  }
}

}  // namespace

void literal_cells(const RecurrentLayer& layer, std::size_t direction, const Values& wx,
                   const Values& uh, const float* x, CellState& state, LayerActivity& counts) {
  Step step{layer, layer.weights[direction], wx, uh, x, state, {counts}};
  RecurrentKinds::visit(layer.kind, [&](auto kind) { take(kind, step); });
  counts[Count::kOutputs] += static_cast<std::uint64_t>(layer.cells);
}

std::vector<float> literal_window(const RecurrentLayer& layer, std::size_t direction,
                                  MatrixView<const float> input, Index t) {
  std::vector<float> window;
  for (Index back = layer.form.window - 1; back >= 0; --back) {
    const Index frame = layer.directions[direction] == Direction::kForward ? t - back : t + back;
    for (Index i = 0; i < input.cols; ++i)
      window.push_back(frame >= 0 && frame < input.rows ? input(frame, i) : 0.0F);
  }
  return window;
}

}  // namespace edgeval::test
