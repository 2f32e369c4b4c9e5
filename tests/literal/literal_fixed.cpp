#include "tests/literal/literal_fixed.hpp"

#include <algorithm>

#include "host/core/error.hpp"
#include "tests/literal/literal_cells.hpp"
#include "tests/literal/literal_elements.hpp"
#include "tests/literal/literal_fixed_cells.hpp"

namespace edgeval::test {
namespace {

struct Counts {
  Count macs, words;
};
Counts counts_of(int bits) {
  return bits == 16 ? Counts{Count::kMacs16x16, Count::kWeightWords16}
                    : Counts{Count::kMacs8x8, Count::kWeightWords8};
}

// The memory M [rows] of one operand: the sums of its products, without biases.
class FixedMemory {
 public:
  FixedMemory(const FixedColumns& columns, int bits)
      : columns_(columns), counts_(counts_of(bits)), sums_(columns.rows()) {}
  void clear() { std::fill(sums_.begin(), sums_.end(), 0); }
  Whole operator[](Index r) const { return sums_[r]; }
  // Returns a sum for each row of the matrix, and no sums where there is no such matrix.
  const std::vector<std::int64_t>& sums() const { return sums_; }

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

// Enters one step's elements of x or of h into the memory, in their order.
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

// The skip plan of P1. Its score sees the layer's inputs as they are, not in the arithmetic's
// format.
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
  std::vector<Whole> before_;  // values of the step before, skipped or not
  bool first_ = true;
  double run_ = 0;
};

struct FixedEveryStepWalk {
  StepMode next(const float*, LiteralDirection&) { return StepMode::kRun; }
};

FixedEveryStepWalk fixed_walk(const EveryStep&, Index) { return {}; }
FixedSkipWalk fixed_walk(const SimilaritySkip& skip, Index inputs) { return {skip, inputs}; }

// Brings sums in several formats, and the bias, to the finest of these formats.
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

void count_step(LiteralDirection& log) {
  const LayerShape& shape = log.activity.shape;
  ++log.activity[Count::kSteps];
  log.activity[Count::kMacsDense] += static_cast<std::uint64_t>(
      shape.gates * shape.outputs * (shape.inputs * shape.form.window + shape.recurrent) +
      shape.form.projection * shape.outputs);
}

struct Formats {
  Format x, h;
};

template <class Walk, class Elements>
void run_direction(const RecurrentLayer& layer, std::size_t d, const Formats& formats,
                   MatrixView<const float> input, Walk walk, Elements of_x, Elements of_h,
                   Matrix<float>& output, LiteralDirection& log) {
  const RecurrentWeights& weights = layer.weights[d];
  const FixedColumns w(weights.weight_ih, formats.x.bits), u(weights.weight_hh, formats.x.bits);
  const Format recurrent = recurrent_format(layer, d, formats.h);
  FixedMemory wx(w, formats.x.bits), uh(u, formats.x.bits);
  FixedCells cells(layer, d, {formats.x, formats.h, recurrent}, w, u);
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
      const std::vector<float> window = literal_window(layer, d, input, t);
      step_elements(of_x, Source::kInput,
                    input_codes(window.data(), static_cast<Index>(window.size()), formats.x), wx,
                    log);
      if (layer.recurrent() > 0) step_elements(of_h, Source::kRecurrent, cells.h(), uh, log);
      cells.step(wx.sums(), uh.sums(), input.row(t), log.activity);
    }
    for (Index j = 0; j < layer.width(); ++j)
      output(t, static_cast<Index>(d) * layer.width() + j) = cells.output(j);
  }
}

LiteralDirection blank_log(LayerShape shape, int bits) {
  LiteralDirection log;
  log.activity.shape = std::move(shape);
  log.activity.shape.weight_bits = bits;
  return log;
}

LiteralLayer run_layer(const RecurrentLayer& layer, const LayerPolicy& policy,
                       const Formats& formats, MatrixView<const float> input) {
  LiteralLayer result{Matrix<float>(input.rows, layer.outputs()), {}};
  for (std::size_t d = 0; d < layer.directions.size(); ++d) {
    result.directions.push_back(blank_log(layer_shapes(layer)[d], formats.x.bits));
    std::visit(
        [&]<class Operand>(const auto& plan, const Operand& operand) {
          using Elements = LiteralCodes<Operand>;
          run_direction(layer, d, formats, input, fixed_walk(plan, layer.inputs),
                        Elements(operand, Source::kInput, formats.x, layer.product_inputs()),
                        Elements(operand, Source::kRecurrent, recurrent_format(layer, d, formats.h),
                                 layer.recurrent()),
                        result.output, result.directions.back());
        },
        policy.plan, policy.operand);
  }
  return result;
}

// Returns an output: the exact sum as the nearest float, then rectified.
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
      [&]<class Operand>(const Operand& operand) {
        LiteralCodes<Operand> elements(operand, Source::kInput, formats.x, layer.inputs);
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
  // |h| is at most 1, so that h needs no integer bits.
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
