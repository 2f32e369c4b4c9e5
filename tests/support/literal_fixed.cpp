#include "tests/support/literal_fixed.hpp"

#include <algorithm>
#include <cmath>

#include "host/core/error.hpp"

namespace edgeval::test {
namespace {

using Whole = __int128;

constexpr int kStateFraction = 20;  // of z and c
constexpr int kGateFraction = 15;   // of sigmoid and tanh
constexpr int kFarApart = 100;      // a float shifted down this far is 0, up this far saturates

Whole power(int exponent) { return static_cast<Whole>(1) << exponent; }

Whole floor_divide(Whole n, Whole d) { return n / d - (n % d < 0 ? 1 : 0); }

// n / d, to the nearest whole number.
Whole half_away(Whole n, Whole d) {
  const Whole size = (2 * (n < 0 ? -n : n) + d) / (2 * d);
  return n < 0 ? -size : size;
}
Whole half_up(Whole n, Whole d) { return floor_divide(2 * n + d, 2 * d); }

Whole saturated(Whole value, int bits) {
  return std::min(std::max(value, -power(bits - 1)), power(bits - 1) - 1);
}

// value 2^fraction, rounded; a float is mantissa 2^exponent.
Whole to_whole(float value, int fraction, Whole (*rounded)(Whole, Whole)) {
  int exponent = 0;
  const Whole mantissa = static_cast<Whole>(std::ldexp(std::frexp(value, &exponent), 24));
  const int up = exponent - 24 + fraction;
  if (up >= 0) return mantissa * power(std::min(up, kFarApart));
  return rounded(mantissa, power(std::min(-up, kFarApart)));
}

// A weight matrix in its own format: the finest in which the largest code is at most 32639 (16
// bits) or 127.
class FixedColumns {
 public:
  FixedColumns(const Matrix<float>& weight, int bits) : rows_(weight.rows()) {
    float largest = 0;
    for (const float value : weight.values()) largest = std::max(largest, std::abs(value));
    const Whole most = bits == 16 ? 32639 : 127;
    const auto fits = [&](int fraction) {
      return std::ldexp(static_cast<long double>(largest), fraction) <=
             static_cast<long double>(most);
    };
    if (largest > 0)
      for (fraction_ = 60; !fits(fraction_);) --fraction_;
    for (Index c = 0; c < weight.cols(); ++c)
      for (Index r = 0; r < rows_; ++r)
        codes_.push_back(static_cast<std::int64_t>(to_whole(weight(r, c), fraction_, half_away)));
  }
  Index rows() const { return rows_; }
  int fraction() const { return fraction_; }
  const std::int64_t* operator[](Index c) const { return codes_.data() + c * rows_; }

 private:
  Index rows_;
  int fraction_ = 0;
  std::vector<std::int64_t> codes_;
};

struct Counts {
  Count macs, words;
};
Counts counts_of(int bits) {
  return bits == 16 ? Counts{Count::kMacs16x16, Count::kWeightWords16}
                    : Counts{Count::kMacs8x8, Count::kWeightWords8};
}

// The sums of one operand's products, without offsets or biases: M [rows].
class FixedMemory {
 public:
  FixedMemory(const FixedColumns& columns, int bits)
      : columns_(columns), counts_(counts_of(bits)), sums_(columns.rows()) {}
  void clear() { std::fill(sums_.begin(), sums_.end(), 0); }
  Whole operator[](Index r) const { return sums_[r]; }

  void add(Index column, std::int64_t amount, LiteralDirection& log) {
    for (Index r = 0; r < columns_.rows(); ++r) {
      sums_[r] += amount * columns_[column][r];
      ++log.activity[counts_.macs];
      ++log.activity[counts_.words];
    }
  }

 private:
  const FixedColumns& columns_;
  Counts counts_;
  std::vector<std::int64_t> sums_;
};

// The format of an operand: `bits` wide, `fraction` of them behind the point.
struct Format {
  int bits, fraction;
  float value(Whole code) const { return std::ldexp(static_cast<float>(code), -fraction); }
};

struct FixedMove {
  bool changed;
  std::int64_t amount;  // by which the element's code in the product moves
};

struct FixedAsIs {
  static constexpr bool kStartsOver = true;
  FixedAsIs(const AsIs&, Source, Format, Index) {}
  FixedMove next(Index, std::int64_t code, LiteralDirection&) { return {true, code}; }
};

// P3, equations 9 and 10: M += (new centroid - old centroid) w, in codes.
class FixedReuse {
 public:
  static constexpr bool kStartsOver = false;
  FixedReuse(const Reuse& reuse, Source, Format format, Index count)
      : step_((reuse.range_max - reuse.range_min) / reuse.clusters),
        lowest_(std::floor(reuse.range_min / step_ + 0.5)),
        highest_(lowest_ + reuse.clusters - 1),
        format_(format),
        elements_(count) {}

  FixedMove next(Index i, std::int64_t code, LiteralDirection& log) {
    const double place = std::floor(static_cast<double>(format_.value(code)) / step_ + 0.5);
    const double index = std::min(std::max(place, lowest_), highest_);
    ++log.activity[Count::kOperandQuantizations];
    ++log.activity[Count::kOperandComparisons];
    Element& element = elements_[i];
    const Element before = element;
    const auto centroid = static_cast<float>(step_ * index);
    element = {true, index,
               static_cast<std::int64_t>(
                   saturated(to_whole(centroid, format_.fraction, half_up), format_.bits))};
    if (!before.seen) return {true, element.centroid};
    if (index == before.index) return {false, 0};
    ++log.activity[Count::kOperandSubtractions];
    return {true, element.centroid - before.centroid};
  }

 private:
  struct Element {
    bool seen = false;
    double index = 0;
    std::int64_t centroid = 0;
  };
  double step_, lowest_, highest_;
  Format format_;
  std::vector<Element> elements_;
};

// Neil et al., section 2: M += W move, in codes.
class FixedDelta {
 public:
  static constexpr bool kStartsOver = false;
  FixedDelta(const Delta& delta, Source source, Format format, Index count)
      : threshold_(to_whole(
            static_cast<float>(source == Source::kInput ? delta.threshold_x : delta.threshold_h),
            format.fraction, half_up)),
        held_(count) {}

  FixedMove next(Index i, std::int64_t code, LiteralDirection& log) {
    const std::int64_t move = code - held_[i];
    ++log.activity[Count::kOperandSubtractions];
    ++log.activity[Count::kOperandComparisons];
    if (move == 0 || std::abs(move) < threshold_) return {false, 0};
    held_[i] = code;
    return {true, move};
  }

 private:
  Whole threshold_;
  std::vector<std::int64_t> held_;
};

FixedAsIs fixed_elements(const AsIs& choice, Source source, Format format, Index n) {
  return {choice, source, format, n};
}
FixedReuse fixed_elements(const Reuse& choice, Source source, Format format, Index n) {
  return {choice, source, format, n};
}
FixedDelta fixed_elements(const Delta& choice, Source source, Format format, Index n) {
  return {choice, source, format, n};
}

// Choices between two sums have loops of their own: tests/support/literal_selection.hpp.
template <class Selection>
FixedAsIs fixed_elements(const Selection&, Source, Format, Index) {
  throw Error(concat(Selection::kName, " has no loop over elements"));
}

// One step's elements of x or of h, in order, into the memory.
template <class Elements>
void step_elements(Elements& elements, Source source, const std::vector<std::int64_t>& codes,
                   FixedMemory& memory, LiteralDirection& log) {
  const bool input = source == Source::kInput;
  if (Elements::kStartsOver) memory.clear();
  for (Index i = 0; i < static_cast<Index>(codes.size()); ++i) {
    ++log.activity[input ? Count::kInputs : Count::kRecurrentInputs];
    if (codes[i] == 0) ++log.activity[input ? Count::kInputsZero : Count::kRecurrentInputsZero];
    const FixedMove move = elements.next(i, codes[i], log);
    log.changed.push_back(move.changed);
    if (!move.changed) continue;
    ++log.activity[input ? Count::kInputsChanged : Count::kRecurrentInputsChanged];
    memory.add(i, move.amount, log);
  }
}

std::vector<std::int64_t> input_codes(const float* x, Index count, Format format) {
  std::vector<std::int64_t> codes;
  for (Index i = 0; i < count; ++i)
    codes.push_back(static_cast<std::int64_t>(
        saturated(to_whole(x[i], format.fraction, half_away), format.bits)));
  return codes;
}

// P1's score on the layer's inputs as they are: not those of the arithmetic's format.
class FixedSkipWalk {
 public:
  FixedSkipWalk(const SimilaritySkip& skip, Index inputs) : skip_(skip), before_(inputs) {}

  StepMode next(const float* x, LiteralDirection& log) {
    std::vector<Whole> now(before_.size());
    for (std::size_t i = 0; i < now.size(); ++i) {
      now[i] = saturated(to_whole(x[i], static_cast<int>(skip_.fraction_bits), half_up), 16);
      ++log.activity[Count::kScoreQuantizations];
    }
    const bool skips =
        !first_ && similarity(now, log) > skip_.threshold && run_ < skip_.max_consecutive;
    first_ = false;
    run_ = skips ? run_ + 1 : 0;
    before_ = now;
    return skips ? StepMode::kSkip : StepMode::kRun;
  }

 private:
  double similarity(const std::vector<Whole>& now, LiteralDirection& log) const {
    const Whole unit = power(static_cast<int>(skip_.shift));
    int active = 0, differing = 0;
    bool silence = true;
    for (std::size_t i = 0; i < now.size(); ++i) {
      ++log.activity[Count::kScoreComparisons];
      if (before_[i] != 0) silence = false;
      if (now[i] == 0) continue;
      ++active;
      if (floor_divide(now[i], unit) != floor_divide(before_[i], unit)) ++differing;
    }
    if (active == 0) return silence ? 1 : 0;
    return static_cast<double>(active - differing) / active;
  }

  const SimilaritySkip& skip_;
  std::vector<Whole> before_;  // of the adjacent step, skipped or not
  bool first_ = true;
  double run_ = 0;
};

struct FixedEveryStepWalk {
  StepMode next(const float*, LiteralDirection&) { return StepMode::kRun; }
};

FixedEveryStepWalk fixed_walk(const EveryStep&, Index) { return {}; }
FixedSkipWalk fixed_walk(const SimilaritySkip& skip, Index inputs) { return {skip, inputs}; }

// A function on [0, 16] by its knots k / 128 as multiples of 2^-18 and straight lines between them,
// both rounded half up.
class Curve {
 public:
  explicit Curve(long double (*function)(long double)) {
    for (int k = 0; k <= 2048; ++k)
      knots_.push_back(static_cast<std::int64_t>(std::floor(function(k / 128.0L) * 262144 + 0.5L)));
  }
  // z in 2^-20, 0 or more.
  Whole operator()(Whole z) const {
    constexpr int kSteps = 8192;  // of z from knot to knot
    const Whole last = 2048 * kSteps - 1, within = std::min(z, last);
    const auto k = static_cast<std::size_t>(within / kSteps);
    const Whole value = knots_[k] * kSteps + (knots_[k + 1] - knots_[k]) * (within % kSteps);
    return half_up(value, kSteps * 8);
  }

 private:
  std::vector<std::int64_t> knots_;
};

Whole sigmoid(Whole z) {
  static const Curve curve([](long double x) { return 1 / (1 + std::exp(-x)); });
  return z < 0 ? power(kGateFraction) - curve(-z) : curve(z);
}

Whole hyperbolic_tangent(Whole z) {
  static const Curve curve([](long double x) { return std::tanh(x); });
  return z < 0 ? -curve(-z) : curve(z);
}

// Sums in formats of their own, brought to the finest of them and added to the bias.
class Adder {
 public:
  Adder(const Matrix<float>& bias, std::initializer_list<int> fractions)
      : bias_(bias), fraction_(std::max(std::max(fractions), kStateFraction + 1)) {}
  int fraction() const { return fraction_; }
  Whole aligned(Whole sum, int fraction) const { return sum * power(fraction_ - fraction); }
  Whole bias(Index r) const { return to_whole(bias_(0, r), fraction_, half_away); }

 private:
  const Matrix<float>& bias_;
  int fraction_;
};

struct FixedState {
  std::vector<std::int64_t> h;  // codes
  std::vector<Whole> c;
  explicit FixedState(Index cells) : h(cells), c(cells) {}
};

// One step of the cells; z(gate, j) is the pre-activation in 2^-20.
template <class Preactivation>
void fixed_cells(Preactivation z, Format h_format, FixedState& state, LiteralDirection& log) {
  for (Index j = 0; j < static_cast<Index>(state.h.size()); ++j) {
    const Whole i = sigmoid(z(0, j)), f = sigmoid(z(1, j));
    const Whole g = hyperbolic_tangent(z(2, j)), o = sigmoid(z(3, j));
    // f c has 15 + 20 fraction bits, i g 15 + 15.
    const Whole sum = f * state.c[j] + i * g * power(kStateFraction - kGateFraction);
    state.c[j] = saturated(half_away(sum, power(kGateFraction)), 32);
    const Whole h = o * hyperbolic_tangent(state.c[j]);
    state.h[j] = static_cast<std::int64_t>(
        saturated(half_away(h, power(2 * kGateFraction - h_format.fraction)), h_format.bits));
    log.activity[Count::kNonlinearities] += 5;
    log.activity[Count::kElementwiseMultiplications] += 3;
    log.activity[Count::kElementwiseAdditions] += 5;
    ++log.activity[Count::kOutputs];
  }
}

void count_step(LiteralDirection& log) {
  const LayerShape& shape = log.activity.shape;
  ++log.activity[Count::kSteps];
  log.activity[Count::kMacsDense] +=
      static_cast<std::uint64_t>(shape.gates * shape.outputs * (shape.inputs + shape.recurrent));
}

struct Formats {
  Format x, h;
};

template <class Walk, class Elements>
void run_direction(const RecurrentLayer& layer, std::size_t d, const Formats& formats,
                   MatrixView<const float> input, Walk walk, Elements of_x, Elements of_h,
                   Matrix<float>& output, LiteralDirection& log) {
  const RecurrentWeights& weights = layer.weights[d];
  const FixedColumns w(weights.weight_ih, formats.x.bits), u(weights.weight_hh, formats.h.bits);
  const int wx_fraction = w.fraction() + formats.x.fraction;
  const int uh_fraction = u.fraction() + formats.h.fraction;
  const Adder adder(weights.bias, {wx_fraction, uh_fraction});
  FixedMemory wx(w, formats.x.bits), uh(u, formats.h.bits);
  FixedState state(layer.cells);
  const auto z = [&](Index gate, Index j) {
    const Index r = gate * layer.cells + j;
    const Whole sum =
        adder.aligned(wx[r], wx_fraction) + adder.aligned(uh[r], uh_fraction) + adder.bias(r);
    return saturated(half_away(sum, power(adder.fraction() - kStateFraction)), 32);
  };
  log.modes.resize(input.rows);
  ++log.activity[Count::kSequences];
  for (Index k = 0; k < input.rows; ++k) {
    const Index t = layer.directions[d] == Direction::kForward ? k : input.rows - 1 - k;
    count_step(log);
    log.modes[t] = walk.next(input.row(t), log);
    if (log.modes[t] == StepMode::kSkip) {
      ++log.activity[Count::kStepsSkipped];
    } else {
      ++log.activity[Count::kStepsRun];
      step_elements(of_x, Source::kInput, input_codes(input.row(t), layer.inputs, formats.x), wx,
                    log);
      step_elements(of_h, Source::kRecurrent, state.h, uh, log);
      fixed_cells(z, formats.h, state, log);
    }
    for (Index j = 0; j < layer.cells; ++j)
      output(t, static_cast<Index>(d) * layer.cells + j) = formats.h.value(state.h[j]);
  }
}

LiteralDirection blank_log(LayerShape shape, int bits) {
  LiteralDirection log;
  log.activity.shape = std::move(shape);
  log.activity.shape.weight_bits = bits;
  return log;
}

LiteralLayer run_layer(const RecurrentLayer& layer, const LayerPolicy& policy, const Formats& formats,
                       MatrixView<const float> input) {
  LiteralLayer result{Matrix<float>(input.rows, layer.outputs()), {}};
  for (std::size_t d = 0; d < layer.directions.size(); ++d) {
    result.directions.push_back(blank_log(layer_shapes(layer)[d], formats.x.bits));
    std::visit(
        [&](const auto& plan, const auto& operand) {
          run_direction(layer, d, formats, input, fixed_walk(plan, layer.inputs),
                        fixed_elements(operand, Source::kInput, formats.x, layer.inputs),
                        fixed_elements(operand, Source::kRecurrent, formats.h, layer.cells),
                        result.output, result.directions.back());
        },
        policy.plan, policy.operand);
  }
  return result;
}

// An output is the exact sum as the nearest fp32, then rectified.
float fixed_output(Whole sum, int fraction, const Activation& activation, LiteralDirection& log) {
  const auto value = static_cast<float>(std::ldexp(static_cast<long double>(sum), -fraction));
  if (activation.type == Activation::Type::kNone) return value;
  ++log.activity[Count::kNonlinearities];
  const float positive = std::max(value, 0.0F);
  return activation.type == Activation::Type::kClippedRelu ? std::min(positive, activation.limit)
                                                           : positive;
}

LiteralLayer run_layer(const LinearLayer& layer, const LayerPolicy& policy, const Formats& formats,
                       MatrixView<const float> input) {
  LiteralLayer result{Matrix<float>(input.rows, layer.width), {}};
  result.directions.push_back(blank_log(layer_shapes(layer).front(), formats.x.bits));
  LiteralDirection& log = result.directions.back();
  const FixedColumns w(layer.weight, formats.x.bits);
  const int fraction = w.fraction() + formats.x.fraction;
  const Adder adder(layer.bias, {fraction});
  FixedMemory memory(w, formats.x.bits);
  ++log.activity[Count::kSequences];
  std::visit(
      [&](const auto& operand) {
        auto elements = fixed_elements(operand, Source::kInput, formats.x, layer.inputs);
        for (Index t = 0; t < input.rows; ++t) {
          count_step(log);
          ++log.activity[Count::kStepsRun];
          step_elements(elements, Source::kInput,
                        input_codes(input.row(t), layer.inputs, formats.x), memory, log);
          for (Index o = 0; o < layer.width; ++o) {
            ++log.activity[Count::kElementwiseAdditions];
            ++log.activity[Count::kOutputs];
            const Whole sum = adder.aligned(memory[o], fraction) + adder.bias(o);
            result.output(t, o) = fixed_output(sum, adder.fraction(), layer.activation, log);
          }
        }
      },
      policy.operand);
  return result;
}

Formats formats_of(const Fp32&) { throw Error("fp32 has no fixed-point form"); }
template <int Bits>
Formats formats_of(const Integer<Bits>& arithmetic) {
  // |h| of LSTM cells is at most 1.
  return {{Bits, static_cast<int>(arithmetic.input_bits)}, {Bits, Bits - 1}};
}

}  // namespace

LiteralLayer literal_fixed_layer(const Layer& layer, const LayerPolicy& policy,
                                 MatrixView<const float> input) {
  const Formats formats =
      std::visit([](const auto& choice) { return formats_of(choice); }, policy.arithmetic);
  return std::visit([&](const auto& l) { return run_layer(l, policy, formats, input); }, layer);
}

}  // namespace edgeval::test
