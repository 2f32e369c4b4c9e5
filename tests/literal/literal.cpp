#include "tests/literal/literal.hpp"

#include <algorithm>
#include <cmath>

#include "host/core/error.hpp"
#include "tests/literal/literal_cells.hpp"
#include "tests/literal/literal_elements.hpp"
#include "tests/literal/literal_fixed.hpp"

namespace edgeval::test {
namespace {

// A weight matrix [rows, C] as doubles, one contiguous column of `rows` for each input element.
class Columns {
 public:
  explicit Columns(const Matrix<float>& weight) : rows_(weight.rows()) {
    values_.resize(static_cast<std::size_t>(weight.size()));
    for (Index c = 0; c < weight.cols(); ++c)
      for (Index r = 0; r < rows_; ++r) values_[c * rows_ + r] = weight(r, c);
  }
  Index rows() const { return rows_; }
  const double* operator[](Index c) const { return values_.data() + c * rows_; }

 private:
  Index rows_;
  std::vector<double> values_;
};

// The products of one layer and direction, without biases: M [rows].
class Memory {
 public:
  // With `evaluate` false the multiply-accumulates are counted but not made.
  Memory(Index rows, bool evaluate) : sums_(rows), evaluate_(evaluate) {}
  void clear() { std::fill(sums_.begin(), sums_.end(), 0.0); }
  double operator[](Index r) const { return sums_[r]; }
  const std::vector<double>& values() const { return sums_; }

  void add(const double* column, double amount, LiteralDirection& log) {
    double* sums = sums_.data();
    const Index rows = static_cast<Index>(sums_.size());
    log.activity[Count::kMacsFp32] += static_cast<std::uint64_t>(rows);
    log.activity[Count::kWeightWords32] += static_cast<std::uint64_t>(rows);
    if (!evaluate_) return;
    for (Index r = 0; r < rows; ++r) sums[r] += amount * column[r];
  }

 private:
  std::vector<double> sums_;
  bool evaluate_;
};

// Enters one step's elements of x or of h into the memory, in their order.
template <class Elements>
void step_elements(Elements& elements, Source source, const std::vector<double>& values, bool exact,
                   const Columns& columns, Memory& memory, LiteralDirection& log) {
  const bool input = source == Source::kInput;
  for (Index i = 0; i < static_cast<Index>(values.size()); ++i) {
    ++log.activity[input ? Count::kInputs : Count::kRecurrentInputs];
    if (static_cast<float>(values[i]) == 0)
      ++log.activity[input ? Count::kInputsZero : Count::kRecurrentInputsZero];
    const Move move = elements.next(i, values[i], exact, log);
    log.changed.push_back(move.changed);
    if (!move.changed) continue;
    ++log.activity[input ? Count::kInputsChanged : Count::kRecurrentInputsChanged];
    memory.add(columns[i], move.amount, log);
  }
}

// The similarity skip of P1, one step after the other, with
// S = (C(x) - C(x/2^w - M(x) x_prev/2^w)) / C(x).
class SkipWalk {
 public:
  SkipWalk(const SimilaritySkip& skip, Index inputs) : skip_(skip), previous_(inputs) {}

  StepMode next(const float* x, bool exact, LiteralDirection& log) {
    std::vector<double> now(previous_.size());
    for (std::size_t i = 0; i < now.size(); ++i) now[i] = fixed_point(x[i], exact, log);
    const bool skips =
        !first_ && similarity(now, log) > skip_.threshold && run_ < skip_.max_consecutive;
    first_ = false;
    run_ = skips ? run_ + 1 : 0;
    previous_ = now;
    return skips ? StepMode::kSkip : StepMode::kRun;
  }

 private:
  // Returns the value in 16-bit fixed point with fraction_bits, rounded half up.
  double fixed_point(float value, bool exact, LiteralDirection& log) const {
    const double place =
        std::ldexp(static_cast<double>(value), static_cast<int>(skip_.fraction_bits)) + 0.5;
    // The upper bits change at multiples of 2^w. Whether the value is 0 also changes at 1.
    const double unit = std::ldexp(1.0, static_cast<int>(skip_.shift));
    const double turn = std::round(place / unit) * unit;
    note_margin(std::ldexp(std::min(std::abs(place - turn), std::abs(place - 1)),
                           -static_cast<int>(skip_.fraction_bits)),
                value, exact, log);
    ++log.activity[Count::kScoreQuantizations];
    return std::min(std::max(std::floor(place), -32768.0), 32767.0);
  }

  double upper_bits(double q) const {
    return std::floor(std::ldexp(q, -static_cast<int>(skip_.shift)));
  }

  double similarity(const std::vector<double>& now, LiteralDirection& log) const {
    double active = 0, differing = 0;
    bool previous_is_zero = true;
    for (std::size_t i = 0; i < now.size(); ++i) {
      const double mask = now[i] != 0 ? 1 : 0;
      const double difference = upper_bits(now[i]) - mask * upper_bits(previous_[i]);
      ++log.activity[Count::kScoreComparisons];
      active += mask;
      if (difference != 0) ++differing;
      if (previous_[i] != 0) previous_is_zero = false;
    }
    if (active == 0) return previous_is_zero ? 1 : 0;
    return (active - differing) / active;
  }

  const SimilaritySkip& skip_;
  std::vector<double> previous_;  // q of the step before in processing order, skipped or not
  bool first_ = true;
  double run_ = 0;  // number of skips in a row
};

struct EveryStepWalk {
  StepMode next(const float*, bool, LiteralDirection&) { return StepMode::kRun; }
};

EveryStepWalk walk_of(const EveryStep&, Index) { return {}; }
SkipWalk walk_of(const SimilaritySkip& skip, Index inputs) { return {skip, inputs}; }

void count_dense_step(LiteralDirection& log) {
  const LayerShape& shape = log.activity.shape;
  ++log.activity[Count::kSteps];
  for (std::int64_t row = 0; row < shape.gates * shape.outputs; ++row)
    log.activity[Count::kMacsDense] +=
        static_cast<std::uint64_t>(shape.inputs * shape.form.window + shape.recurrent);
  log.activity[Count::kMacsDense] +=
      static_cast<std::uint64_t>(shape.form.projection * shape.outputs);
}

struct RecurrentTask {
  const RecurrentLayer& layer;
  std::size_t d;                  // number of the direction
  MatrixView<const float> input;  // [T, C]
  bool exact_input;
  // Outputs [T, outputs] from which h is read instead of computed, or null.
  const MatrixView<const float>* observed;
};

template <class Walk, class Elements>
void run_direction(const RecurrentTask& task, Walk walk, Elements of_x, Elements of_h,
                   Matrix<float>& output, LiteralDirection& log) {
  const RecurrentLayer& layer = task.layer;
  const RecurrentWeights& weights = layer.weights[task.d];
  const Columns w(weights.weight_ih), u(weights.weight_hh);
  const Index steps = task.input.rows, offset = static_cast<Index>(task.d) * layer.width();
  Memory wx(w.rows(), task.observed == nullptr), uh(w.rows(), task.observed == nullptr);
  CellState state(layer);
  log.modes.resize(steps);
  ++log.activity[Count::kSequences];
  for (Index k = 0; k < steps; ++k) {
    const Index t = layer.directions[task.d] == Direction::kForward ? k : steps - 1 - k;
    const float* x = task.input.row(t);
    count_dense_step(log);
    log.modes[t] = walk.next(x, task.exact_input, log);
    if (log.modes[t] == StepMode::kSkip) {
      ++log.activity[Count::kStepsSkipped];
    } else {
      ++log.activity[Count::kStepsRun];
      if (Elements::kStartsOver) wx.clear();
      if (Elements::kStartsOver) uh.clear();
      const std::vector<float> window = literal_window(layer, task.d, task.input, t);
      step_elements(of_x, Source::kInput, {window.begin(), window.end()}, task.exact_input, w, wx,
                    log);
      if (layer.recurrent() > 0)
        step_elements(of_h, Source::kRecurrent, state.h, k == 0, u, uh, log);
      literal_cells(layer, task.d, wx.values(), uh.values(), x, state, log.activity);
    }
    if (task.observed != nullptr)
      std::copy_n(task.observed->row(t) + offset, layer.width(), state.h.begin());
    for (Index j = 0; j < layer.width(); ++j)
      output(t, offset + j) = static_cast<float>(state.h[j]);
  }
}

LiteralLayer run_layer(const RecurrentLayer& layer, const LayerPolicy& policy,
                       MatrixView<const float> input, bool exact_input,
                       const MatrixView<const float>* observed) {
  LiteralLayer result{Matrix<float>(input.rows, layer.outputs()), {}};
  const std::vector<LayerShape> shapes = layer_shapes(layer);
  for (std::size_t d = 0; d < layer.directions.size(); ++d) {
    LiteralDirection& log = result.directions.emplace_back();
    log.activity.shape = shapes[d];
    std::visit(
        [&]<class Operand>(const auto& plan, const Operand& operand) {
          using Elements = LiteralElements<Operand>;
          run_direction(
              RecurrentTask{layer, d, input, exact_input, observed}, walk_of(plan, layer.inputs),
              Elements(operand, Source::kInput, layer.product_inputs()),
              Elements(operand, Source::kRecurrent, layer.recurrent()), result.output, log);
        },
        policy.plan, policy.operand);
  }
  return result;
}

float activated(double z, const Activation& activation, LiteralDirection& log) {
  if (activation.type == Activation::Type::kNone) return static_cast<float>(z);
  ++log.activity[Count::kNonlinearities];
  note_margin(std::abs(z), z, false, log);  // the next layer counts outputs that are 0
  const double limit =
      activation.type == Activation::Type::kClippedRelu ? activation.limit : std::abs(z);
  return static_cast<float>(std::min(std::max(z, 0.0), limit));
}

template <class Elements>
void run_linear(const LinearLayer& layer, MatrixView<const float> input, bool exact_input,
                Elements elements, Matrix<float>& output, LiteralDirection& log) {
  const Columns w(layer.weight);
  Memory memory(layer.width, true);
  ++log.activity[Count::kSequences];
  for (Index t = 0; t < input.rows; ++t) {
    count_dense_step(log);
    ++log.activity[Count::kStepsRun];
    if (Elements::kStartsOver) memory.clear();
    const std::vector<double> values(input.row(t), input.row(t) + layer.inputs);
    step_elements(elements, Source::kInput, values, exact_input, w, memory, log);
    for (Index o = 0; o < layer.width; ++o) {
      ++log.activity[Count::kElementwiseAdditions];
      output(t, o) =
          activated(memory[o] + static_cast<double>(layer.bias(0, o)), layer.activation, log);
      ++log.activity[Count::kOutputs];
    }
  }
}

LiteralLayer run_layer(const LinearLayer& layer, const LayerPolicy& policy,
                       MatrixView<const float> input, bool exact_input,
                       const MatrixView<const float>*) {
  LiteralLayer result{Matrix<float>(input.rows, layer.width), {}};
  LiteralDirection& log = result.directions.emplace_back();
  log.activity.shape = layer_shapes(layer).front();
  std::visit(
      [&]<class Operand>(const Operand& operand) {
        run_linear(layer, input, exact_input,
                   LiteralElements<Operand>(operand, Source::kInput, layer.inputs), result.output,
                   log);
      },
      policy.operand);
  return result;
}

}  // namespace

LiteralLayer literal_layer(const Layer& layer, const LayerPolicy& policy,
                           MatrixView<const float> input, bool exact_input) {
  if (!std::holds_alternative<Fp32>(policy.arithmetic))
    return literal_fixed_layer(layer, policy, input);
  return std::visit(
      [&](const auto& l) { return run_layer(l, policy, input, exact_input, nullptr); }, layer);
}

LiteralLayer literal_decisions(const Layer& layer, const LayerPolicy& policy,
                               MatrixView<const float> input, MatrixView<const float> output) {
  return std::visit([&](const auto& l) { return run_layer(l, policy, input, true, &output); },
                    layer);
}

LiteralResult literal_run(const Model& model, const OperatingPoint& point,
                          MatrixView<const float> features) {
  LiteralResult result;
  result.margin = std::numeric_limits<double>::infinity();
  MatrixView<const float> input = features;
  for (std::size_t l = 0; l < model.layers.size(); ++l) {
    result.layers.push_back(literal_layer(model.layers[l], point.layers[l], input, l == 0));
    input = std::as_const(result.layers.back().output).view();
    for (const LiteralDirection& direction : result.layers.back().directions) {
      result.activity.layers.push_back(direction.activity);
      result.margin = std::min(result.margin, direction.margin);
    }
  }
  result.outputs = result.layers.back().output.clone();
  return result;
}

}  // namespace edgeval::test
