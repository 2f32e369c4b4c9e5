#include "tests/literal/literal_selection.hpp"

#include <cmath>
#include <optional>
#include <vector>

#include "tests/literal/literal_cells.hpp"
#include "tests/literal/literal_fixed_cells.hpp"

namespace edgeval::test {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

// Rounds half away from zero, and saturates to `bits` bits.
double round_to(double value, int bits) {
  const double top = std::ldexp(1, bits - 1);
  return std::min(std::max(std::round(value), -top), top - 1);
}

double largest(const Matrix<float>& weight) {
  double most = 0;
  for (float value : weight.values()) most = std::max(most, std::abs(static_cast<double>(value)));
  return most;
}

// Returns the largest number of fraction bits with which the code of the greatest weight is at most
// `most`.
int weight_fraction(const Matrix<float>& weight, double most) {
  int bits = 0;
  if (largest(weight) == 0) return 0;
  while (largest(weight) * std::ldexp(1, bits + 1) <= most) ++bits;
  while (largest(weight) * std::ldexp(1, bits) > most) --bits;
  return bits;
}

// One of the matrices W and U with the elements that it multiplies. stored_weight() and
// stored_element() return what the chip holds; unit() is the value of 1 in a product of both.
struct Operand {
  const Matrix<float>* weight;
  // Width of the numbers, which is 32 in fp32, where nothing is rounded; fraction bits of both.
  int bits, element_bits, weight_bits;

  double stored_weight(Index o, Index i) const {
    const double value = (*weight)(o, i);
    return bits == 32 ? value : round_to(std::ldexp(value, weight_bits), bits);
  }
  double stored_element(double value) const {
    return bits == 32 ? value : round_to(std::ldexp(value, element_bits), bits);
  }
  double unit() const { return bits == 32 ? 1 : std::ldexp(1, -element_bits - weight_bits); }
  double value(double stored) const {
    return bits == 32 ? stored : std::ldexp(stored, -element_bits);
  }
};

struct Layer1 {
  const RecurrentWeights& weights;
  Operand x, h;
  bool integer() const { return x.bits != 32; }
};

Layer1 layer_of(const RecurrentLayer& layer, std::size_t direction, const Arithmetic& arithmetic) {
  const RecurrentWeights& weights = layer.weights[direction];
  const int bits = std::visit([](const auto& choice) { return choice.kBits; }, arithmetic);
  int x_bits = 0;
  if (const auto* int16 = std::get_if<Int16>(&arithmetic))
    x_bits = static_cast<int>(int16->input_bits);
  if (const auto* int8 = std::get_if<Int8>(&arithmetic))
    x_bits = static_cast<int>(int8->input_bits);
  const double most = bits == 16 ? 127 * 256 + 127 : 127;
  const auto fraction = [&](const Matrix<float>& weight) {
    return bits == 32 ? 0 : weight_fraction(weight, most);
  };
  return {weights,
          {&weights.weight_ih, bits, x_bits, fraction(weights.weight_ih)},
          {&weights.weight_hh, bits,
           bits == 32 ? 0 : recurrent_format(layer, direction, {bits, bits - 1}).fraction,
           fraction(weights.weight_hh)}};
}

// The cells in the numbers of the arithmetic. They take the sums W x and U h, which are integers in
// units of the products, or doubles in fp32.
class AnyCells {
 public:
  AnyCells(const RecurrentLayer& layer, std::size_t direction, const Layer1& net)
      : layer_(layer), direction_(direction), net_(net), state_(layer) {
    if (!net.integer()) return;
    const Format x{net.x.bits, net.x.element_bits}, cells{net.x.bits, net.x.bits - 1};
    w_.emplace(net.weights.weight_ih, net.x.bits);
    u_.emplace(net.weights.weight_hh, net.x.bits);
    fixed_.emplace(layer, direction,
                   CellFormats{x, cells, recurrent_format(layer, direction, cells)}, *w_, *u_);
  }

  // Returns what enters the product with U, or nothing where there is no U.
  Values h() const {
    if (layer_.recurrent() == 0) return {};
    if (!fixed_) return state_.h;
    Values values;
    for (std::int64_t code : fixed_->h()) values.push_back(net_.h.value(static_cast<double>(code)));
    return values;
  }
  // Returns c of a cell; under integer arithmetic it is in units of 2^-kStateBits.
  double c(Index k) const { return fixed_ ? static_cast<double>(fixed_->c()[k]) : state_.c[k]; }
  float output(Index j) const {
    return fixed_ ? fixed_->output(j) : static_cast<float>(state_.h[j]);
  }

  void step(const Values& wx, const Values& uh, const float* x) {
    LayerActivity ignored;
    if (fixed_)
      fixed_->step({wx.begin(), wx.end()}, {uh.begin(), uh.end()}, x, ignored);
    else
      literal_cells(layer_, direction_, wx, uh, x, state_, ignored);
  }

 private:
  const RecurrentLayer& layer_;
  std::size_t direction_;
  const Layer1& net_;
  CellState state_;
  std::optional<FixedColumns> w_, u_;
  std::optional<FixedCells> fixed_;
};

double dot(const Operand& operand, const Values& elements, Index o) {
  double sum = 0;
  for (std::size_t i = 0; i < elements.size(); ++i)
    sum += operand.stored_weight(o, static_cast<Index>(i)) * elements[i];
  return sum;
}

double binary_dot(const Operand& operand, const Values& elements, Index o) {
  double sum = 0;
  for (std::size_t i = 0; i < elements.size(); ++i) {
    const double weight = operand.stored_weight(o, static_cast<Index>(i)) >= 0 ? 1 : -1;
    sum += weight * (elements[i] >= 0 ? 1 : -1);
  }
  return sum;
}

// Calls step(x, frame, cells) for every frame in processing order, where x is what enters the
// products. Returns the outputs [T, H or P].
template <class Step>
Matrix<float> walk(const RecurrentLayer& layer, std::size_t direction, const Layer1& net,
                   MatrixView<const float> input, Step step) {
  Matrix<float> output(input.rows, layer.width());
  AnyCells cells(layer, direction, net);
  for (Index k = 0; k < input.rows; ++k) {
    const Index t = layer.directions[direction] == Direction::kForward ? k : input.rows - 1 - k;
    const std::vector<float> window = literal_window(layer, direction, input, t);
    step(Values(window.begin(), window.end()), input.row(t), cells);
    for (Index j = 0; j < layer.width(); ++j) output(t, j) = cells.output(j);
  }
  return output;
}

Values stored(const Operand& operand, Values values) {
  for (double& value : values) value = operand.stored_element(value);
  return values;
}

}  // namespace

LiteralSelection literal_memoized(const RecurrentLayer& layer, std::size_t direction,
                                  const Arithmetic& arithmetic, const Memoized& choice,
                                  MatrixView<const float> input) {
  struct Neuron {
    bool first = true;
    double x_sum = 0, h_sum = 0;  // the two halves of y_m
    double y_m = 0, binary_m = 0, delta = 0;
  };
  const Layer1 net = layer_of(layer, direction, arithmetic);
  std::vector<Neuron> neurons(layer.gates() * layer.cells);
  LiteralSelection log;
  bool at_start = true;
  log.output = walk(
      layer, direction, net, input,
      [&](const Values& x_values, const float* frame, AnyCells& cells) {
        const Values x = stored(net.x, x_values), h = stored(net.h, cells.h());
        if (!net.integer() && !at_start)
          for (double value : h) log.margin = std::min(log.margin, std::abs(value));
        at_start = false;
        Values wx(neurons.size()), uh(neurons.size());
        for (std::size_t o = 0; o < neurons.size(); ++o) {
          Neuron& neuron = neurons[o];
          const double x_sum = dot(net.x, x, static_cast<Index>(o)),
                       h_sum = dot(net.h, h, static_cast<Index>(o));
          const double y = x_sum * net.x.unit() + h_sum * net.h.unit();
          const double y_b = binary_dot(net.x, x, static_cast<Index>(o)) +
                             binary_dot(net.h, h, static_cast<Index>(o));
          bool reuse = false;
          if (!neuron.first && choice.predictor == MemoPredictor::kBinary) {
            if (y_b != 0 || neuron.binary_m == 0) {
              neuron.delta += y_b == 0 ? 0 : std::abs((y_b - neuron.binary_m) / y_b);
              reuse = neuron.delta <= choice.threshold;
            }
          } else if (!neuron.first) {
            const double change = y == neuron.y_m ? 0 : std::abs((y - neuron.y_m) / y);
            reuse = change <= choice.threshold;
            if (!net.integer())
              log.margin = std::min(log.margin, std::abs(change - choice.threshold) * std::abs(y));
          }
          if (!reuse) neuron = {false, x_sum, h_sum, y, y_b, 0};
          ++(reuse ? log.memoized : log.computed);
          wx[o] = neuron.x_sum;
          uh[o] = neuron.h_sum;
        }
        cells.step(wx, uh, frame);
      });
  return log;
}

namespace {

// Gives weights and elements as whole numbers of n bits: i = round(v / q_n), with q_n = alpha /
// 2^(n-1).
class Precision {
 public:
  Precision(const Operand& operand, double alpha_of_elements, bool offset, LiteralSelection& log)
      : operand_(operand), offset_(offset), log_(log) {
    const bool fp32 = operand.bits == 32;
    element_step_ = fp32 ? alpha_of_elements / 128 : std::ldexp(1, -operand.element_bits);
    weight_step_ = fp32 ? largest(*operand.weight) / 128 : std::ldexp(1, -operand.weight_bits);
  }

  double element(double value, int bits, bool exact) const {
    const double place = element_step_ == 0 ? 0 : value / element_step_;
    if (!exact && operand_.bits == 32)
      log_.margin = std::min(log_.margin,
                             std::abs(std::abs(place - std::floor(place)) - 0.5) * element_step_);
    const double i8 = round_to(place, 8);
    if (bits == 8) return i8;
    return offset_ ? std::min(std::floor((i8 + 8) / 16), 7.0) : std::floor(i8 / 16);
  }
  double weight(Index o, Index i, int bits) const {
    if (weight_step_ == 0) return 0;
    const double value = (*operand_.weight)(o, i);
    const double i8 = round_to(value / weight_step_, 8);
    if (bits == 8) return i8;
    return offset_ ? round_to(value / (16 * weight_step_), 4) : std::floor(i8 / 16);
  }
  double dot(const Values& values, Index o, int bits, bool exact) const {
    double sum = 0;
    for (std::size_t i = 0; i < values.size(); ++i)
      sum += weight(o, static_cast<Index>(i), bits) * element(values[i], bits, exact);
    return bits == 8 ? sum : 16 * 16 * sum;  // in units of the product of the 8-bit steps
  }
  double unit() const { return operand_.bits == 32 ? element_step_ * weight_step_ : 1; }

 private:
  const Operand& operand_;
  bool offset_;
  LiteralSelection& log_;
  double element_step_, weight_step_;
};

// The state machine of docs/techniques.md, "Dynamic precision", word for word.
struct Machine {
  enum { kProfile, kStable, kPeak } state = kProfile;
  int cnt = 0;
  double minC = kInfinity, maxC = -kInfinity, lo = 0, hi = 0;
  int precision = 4;

  void enter_profile() {
    state = kProfile;
    cnt = 0;
    minC = kInfinity;
    maxC = -kInfinity;
    precision = 4;
  }
  void see(double c, int T, int M, int N, double beta) {
    const bool peak = c < lo || c > hi;
    if (state == kProfile) {
      minC = std::min(minC, c);
      maxC = std::max(maxC, c);
      ++cnt;
      if (cnt == T) {
        const double r = maxC - minC;
        hi = maxC + beta * r;
        lo = minC - beta * r;
        state = kStable;
        cnt = 0;
      }
      precision = 4;
    } else if (state == kStable) {
      if (peak) {
        state = kPeak;
        cnt = 0;
        precision = 8;
      } else {
        ++cnt;
        precision = 4;
        if (cnt > N) enter_profile();
      }
    } else {
      if (!peak) {
        state = kStable;
        cnt = 0;
        precision = 4;
      } else {
        ++cnt;
        precision = 8;
        if (cnt > M) enter_profile();
      }
    }
  }
};

}  // namespace

LiteralSelection literal_dynamic_precision(const RecurrentLayer& layer, std::size_t direction,
                                           const Arithmetic& arithmetic,
                                           const DynamicPrecision& choice,
                                           MatrixView<const float> input) {
  const Layer1 net = layer_of(layer, direction, arithmetic);
  LiteralSelection log;
  const bool offset = choice.offset_bit == Switch::kOn;
  const Precision of_x(net.x, choice.input_alpha, offset, log), of_h(net.h, 1, offset, log);
  const double steps = static_cast<double>(input.rows);
  const auto part = [&](double share, int least) {
    return std::max(least, static_cast<int>(std::floor(share * steps + 0.5)));
  };
  const int T = part(choice.profiling_share, 2), M = part(choice.peak_share, 1),
            N = part(choice.stable_share, 1);
  std::vector<Machine> machines(layer.cells);
  bool at_start = true;
  log.output =
      walk(layer, direction, net, input, [&](const Values& x, const float* frame, AnyCells& cells) {
        const Index rows = layer.gates() * layer.cells;
        const Values h = cells.h();
        Values wx(static_cast<std::size_t>(rows)), uh(static_cast<std::size_t>(rows));
        for (Index k = 0; k < layer.cells; ++k) {
          const int bits = machines[k].precision;
          ++(bits == 8 ? log.high : log.low);
          for (Index o = k; o < rows; o += layer.cells) {
            wx[o] = of_x.dot(x, o, bits, true) * of_x.unit();
            uh[o] = of_h.dot(h, o, bits, at_start) * of_h.unit();
          }
        }
        at_start = false;
        cells.step(wx, uh, frame);
        for (Index k = 0; k < layer.cells; ++k) {
          const Machine& machine = machines[k];
          if (!net.integer() && machine.state != Machine::kProfile)
            log.margin = std::min(
                {log.margin, std::abs(cells.c(k) - machine.lo), std::abs(cells.c(k) - machine.hi)});
          machines[k].see(cells.c(k), T, M, N, choice.margin);
        }
      });
  return log;
}

}  // namespace edgeval::test
