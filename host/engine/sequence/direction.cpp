#include "host/engine/sequence/direction.hpp"

#include "host/body/operand.hpp"
#include "host/body/unpack.hpp"
#include "host/body/window.hpp"
#include "host/core/error.hpp"
#include "host/engine/sequence/cell_state.hpp"
#include "host/engine/sequence/pseudo_selection.hpp"
#include "host/layer/kinds.hpp"

namespace edgeval {
namespace {

// The whole recurrence of one block of lanes under one arithmetic, operand rule and selection.
// Buffers are [lanes or rows, width]; those that enter or leave a product have their rows padded to
// the product's row block.
template <class LayerArithmetic, class Rule, class Selection>
class DirectionRun {
 public:
  DirectionRun(const DirectionTask& task, const LayerArithmetic& arithmetic, const Rule& rule,
               Selection selection)
      : task_(task),
        arithmetic_(arithmetic),
        rule_(rule),
        selection_(std::move(selection)),
        numbers_(arithmetic.numbers()),
        type_(task.layer.type()),
        lanes_(static_cast<Index>(task.lanes.size())),
        inputs_(task.layer.product_inputs()),
        recurrent_(task.layer.recurrent()),
        cells_(task.layer.cells),
        gate_rows_(type_.blocks.gates * cells_),
        c_(lanes_, cells_),
        h_(padded_rows(lanes_), task.layer.width()),
        uh_(padded_rows(lanes_), type_.blocks.of_sums() * cells_) {
    if constexpr (!Rule::kIdentity) {
      h_operand_ = Matrix<float>(padded_rows(lanes_), recurrent_);
      x_state_ = Matrix<RuleState>(lanes_, inputs_);
      h_state_ = Matrix<RuleState>(lanes_, recurrent_);
    }
    if constexpr (kMayBeNarrow) narrow_ = arithmetic.narrow_numbers();
    const Index row_bytes = gate_rows_ * static_cast<Index>(sizeof(Sum));
    chunk_rows_ = std::max(lanes_, static_cast<Index>(task.chunk_bytes) / row_bytes);
    x_operand_ = Matrix<float>(padded_rows(chunk_rows_), inputs_);
    wx_ = Matrix<Sum>(padded_rows(chunk_rows_), gate_rows_);
    if (task.second != nullptr) {
      second_x_ = SecondSums(padded_rows(chunk_rows_), inputs_, gate_rows_);
      second_h_ = SecondSums(padded_rows(lanes_), recurrent_, gate_rows_);
    }
    if (projects() || in_halves()) {
      before_after_ = Matrix<float>(padded_rows(lanes_), cells_);
      after_ = Matrix<Sum>(padded_rows(lanes_), projects() ? h_.cols() : cells_);
    }
    if (task.layer.form.window > 1) window_.resize(static_cast<std::size_t>(inputs_));
  }

  void run() {
    const Index steps = lanes_ == 0 ? 0 : plan(0).running();
    for (Index first = 0; first < steps;) first = run_chunk(first, steps);
    for (Index n = 0; n < lanes_; ++n) {
      unpack_lane(SerialBlock{}, output(n), plan(n).live.data(), plan(n).running(),
                  task_.direction == Direction::kBackward);
      selection_.add_counts(n, *task_.activity[n]);
      if (task_.final_states != nullptr) hand_on(n, task_.lanes[n], *task_.final_states);
    }
  }

 private:
  using Numbers = typename LayerArithmetic::Numbers;
  using Sum = typename Numbers::Sum;
  using RuleState = typename Rule::State;
  // Sums that were selected may be larger than those of one product.
  static constexpr bool kMayBeNarrow = std::is_same_v<Selection, NoSelection<LayerArithmetic>> &&
                                       std::is_same_v<LayerArithmetic, EightBitLayer>;

  // What enters the second product, and what leaves it.
  struct SecondSums {
    Matrix<float> elements;
    Matrix<std::int32_t> sums;  // [rows, G H]
    SecondSums() = default;
    SecondSums(Index rows, Index width, Index gate_rows)
        : elements(rows, width), sums(rows, gate_rows) {}
    const std::int32_t* row(Index r) const { return sums.size() == 0 ? nullptr : sums.row(r); }
    float* element_row(Index r) { return elements.size() == 0 ? nullptr : elements.row(r); }
  };

  // The c of lane n in units of 1.
  void hand_on(Index n, Index lane, FinalStates& states) const {
    std::copy_n(h_.row(n), h_.cols(), states.h.row(lane));
    for (Index j = 0; j < cells_; ++j) states.c(lane, j) = cell_value(c_(n, j));
  }

  const LanePlan& plan(Index n) const { return task_.plans[task_.lanes[n]]; }
  MatrixView<float> output(Index n) const {
    MatrixView<float> all = task_.output.sequence(task_.lanes[n]);
    return {all.data + task_.first_column, all.rows, h_.cols(), all.stride};
  }
  const CellForm& form() const { return type_.form; }
  bool projects() const { return form().projection > 0; }
  bool in_halves() const { return type_.blocks.in_halves(); }

  const float* frame(Index step, Index n) const {
    return task_.input.sequence(task_.lanes[n]).row(plan(n).live[step]);
  }
  // What enters W x: the frame, or the window that ends at it.
  const float* product_input(Index step, Index n) {
    if (form().window == 1) return frame(step, n);
    window_row(SerialBlock{}, task_.input.sequence(task_.lanes[n]), plan(n).live[step],
               form().window, task_.direction == Direction::kBackward, window_.data());
    return window_.data();
  }
  Index active_lanes(Index step, Index before) const {
    while (before > 0 && plan(before - 1).running() <= step) --before;
    return before;
  }

  // Runs as many steps from `first` as fit into a chunk (at least one); returns the step after the
  // last.
  Index run_chunk(Index first, Index steps) {
    std::vector<Index> active;  // lanes of each step of the chunk
    Index rows = 0;
    for (Index step = first; step < steps; ++step) {
      const Index now = active_lanes(step, active.empty() ? active_ : active.back());
      if (rows + now > chunk_rows_) break;
      active.push_back(now);
      rows += now;
    }
    Index row = 0;
    for (Index k = 0; k < static_cast<Index>(active.size()); ++k)
      for (Index n = 0; n < active[k]; ++n, ++row) {
        if (n + 1 < active[k]) prefetch(frame(first + k, n + 1));
        input_operand(first + k, n, x_operand_.row(row), second_x_.element_row(row));
      }
    if constexpr (Selection::kSplits)
      selection_.multiply(x_operand_, rows, Source::kInput, wx_);
    else
      arithmetic_.multiply_input(x_operand_.data(), rows, wx_.data());
    if (task_.second != nullptr)
      multiply_second(task_.second->input, x_operand_, rows, Source::kInput, second_x_);
    row = 0;
    for (Index k = 0; k < static_cast<Index>(active.size()); ++k) {
      recurrent_step(first + k, active[k], row);
      row += active[k];
    }
    active_ = active.back();
    return first + static_cast<Index>(active.size());
  }

  // The rows of a step's lanes lie far apart, each too short for the processor to guess the next.
  void prefetch(const float* row) const {
    for (Index i = 0; i < task_.input.cols(); i += 16) __builtin_prefetch(row + i);
  }

  // second: what enters the second product where the selection splits elements, else unused.
  void input_operand(Index step, Index n, float* operand, float* second) {
    const float* x = product_input(step, n);
    const OperandCounts counts = [&] {
      if constexpr (Selection::kSplits)
        return selection_.split(n, step, Source::kInput, x, inputs_, operand, second);
      else
        return operand_row(SerialBlock{}, rule_, Source::kInput, x, inputs_, state(x_state_, n),
                           operand);
    }();
    LayerActivity& activity = *task_.activity[n];
    activity[Count::kInputsChanged] += counts.changed;
    activity[Count::kInputsZero] += counts.zero;
  }

  void multiply_second(const FixedProduct<std::int32_t>& product, const Matrix<float>& operand,
                       Index rows, Source source, SecondSums& second) {
    if constexpr (!Selection::kSplits)
      for (Index i = 0; i < rows * operand.cols(); ++i)
        second.elements.data()[i] = selection_.second_element(operand.data()[i], source);
    product(second.elements.data(), 0, rows, second.sums.data());
  }

  // W x of this step's lanes begins in row `first_row` of the chunk.
  void recurrent_step(Index step, Index active, Index first_row) {
    if (recurrent_ > 0) multiply_recurrent(step, active);
    if (task_.functions != nullptr)
      run_cells(PiecewiseNumbers<Numbers>{numbers_, *task_.functions}, step, active, first_row);
    else if (kMayBeNarrow && narrow_)
      run_narrow_cells(step, active, first_row);
    else
      run_cells(numbers_, step, active, first_row);
    if constexpr (LayerArithmetic::kHasAfter)
      if (projects()) project(active);
    for (Index n = 0; n < active; ++n)
      std::copy_n(h_.row(n), h_.cols(), output(n).row(plan(n).live[step]));
  }

  void multiply_recurrent(Index step, Index active) {
    Matrix<float>& operand = Rule::kIdentity ? h_ : h_operand_;
    for (Index n = 0; n < active; ++n) {
      const OperandCounts counts = [&] {
        if constexpr (Selection::kSplits)
          return selection_.split(n, step, Source::kRecurrent, h_.row(n), recurrent_,
                                  operand.row(n), second_h_.element_row(n));
        else
          return operand_row(SerialBlock{}, rule_, Source::kRecurrent, h_.row(n), recurrent_,
                             state(h_state_, n), operand.row(n));
      }();
      LayerActivity& activity = *task_.activity[n];
      activity[Count::kRecurrentInputsChanged] += counts.changed;
      activity[Count::kRecurrentInputsZero] += counts.zero;
    }
    if constexpr (Selection::kSplits)
      selection_.multiply(operand, active, Source::kRecurrent, uh_);
    else
      arithmetic_.multiply_recurrent(operand.data(), active, uh_.data());
    if (task_.second != nullptr)
      multiply_second(*task_.second->recurrent, operand, active, Source::kRecurrent, second_h_);
  }

  void run_narrow_cells(Index step, Index active, Index first_row) {
    if constexpr (kMayBeNarrow) run_cells(*narrow_, step, active, first_row);
  }

  template <class CellNumbers>
  void run_cells(const CellNumbers& numbers, Index step, Index active, Index first_row) {
    const auto row = [&](Index n) {
      return RecurrentRow<CellNumbers>{.wx = wx_.row(first_row + n),
                                       .uh = uh_.row(n),
                                       .after = in_halves() ? after_.row(n) : nullptr,
                                       .x = frame(step, n),
                                       .cells = cells_,
                                       .c = c_.row(n),
                                       .h = projects() ? before_after_.row(n) : h_.row(n)};
    };
    if constexpr (LayerArithmetic::kHasAfter)
      if (in_halves()) {
        for (Index n = 0; n < active; ++n)
          first_half_row(SerialBlock{}, numbers, type_, row(n), before_after_.row(n));
        arithmetic_.multiply_after(before_after_.data(), active, after_.data());
      }
    for (Index n = 0; n < active; ++n) {
      selection_.before_cell(
          n, step,
          {wx_.row(first_row + n), uh_.row(n), second_x_.row(first_row + n), second_h_.row(n)},
          c_.row(n));
      recurrent_cell_row(SerialBlock{}, numbers, type_, row(n));
    }
  }

  // h = W_p of what the cells gave.
  void project(Index active) {
    arithmetic_.multiply_after(before_after_.data(), active, after_.data());
    for (Index n = 0; n < active; ++n)
      for (Index p = 0; p < h_.cols(); ++p) h_(n, p) = numbers_.projected(after_(n, p), p);
  }

  RuleState* state(Matrix<RuleState>& states, Index n) {
    return Rule::kIdentity ? nullptr : states.row(n);
  }

  const DirectionTask& task_;
  const LayerArithmetic& arithmetic_;
  const Rule rule_;
  Selection selection_;
  const Numbers numbers_;
  const CellType type_;
  std::optional<NarrowNumbers> narrow_;
  const Index lanes_, inputs_, recurrent_, cells_, gate_rows_;  // N, C k, R, H, G H
  Index chunk_rows_ = 0;
  Index active_ = lanes_;  // lanes still running at the end of the last chunk
  Matrix<typename Numbers::State> c_;
  Matrix<float> h_;
  Matrix<Sum> uh_, wx_;
  Matrix<float> h_operand_, x_operand_;
  Matrix<float> before_after_;  // [lanes, H], what the cells give to a product within the step
  Matrix<Sum> after_;
  std::vector<float> window_;  // [C k]
  Matrix<RuleState> x_state_, h_state_;
  SecondSums second_x_, second_h_;
};

template <class LayerArithmetic, class Technique>
auto selection_for(const Technique&, const DirectionTask&, const LayerArithmetic&) {
  return NoSelection<LayerArithmetic>();
}
template <class LayerArithmetic>
auto selection_for(const Memoized& choice, const DirectionTask& task,
                   const LayerArithmetic& arithmetic) {
  return MemoSelection<LayerArithmetic>(choice, arithmetic, task.second,
                                        static_cast<Index>(task.lanes.size()),
                                        task.layer.gates() * task.layer.cells);
}
template <class LayerArithmetic>
auto selection_for(const DynamicPrecision& choice, const DirectionTask& task,
                   const LayerArithmetic& arithmetic) {
  std::vector<Index> steps;
  for (Index lane : task.lanes) steps.push_back(task.plans[lane].running());
  return PrecisionSelection<LayerArithmetic>(choice, arithmetic, *task.second, steps,
                                             task.layer.cells);
}

// Which operands an arithmetic runs; check_point refuses the others.
template <class LayerArithmetic, class Technique>
constexpr bool kRuns =
    !std::is_same_v<Technique, DynamicPrecision> || std::is_same_v<LayerArithmetic, EightBitLayer>;
template <class Technique>
constexpr bool kRuns<QuantizedLayer, Technique> = std::is_same_v<Technique, DynamicPrecision>;

}  // namespace

template <class LayerArithmetic>
void run_direction(const DirectionTask& task, const LayerArithmetic& arithmetic,
                   const OperandChoice& operand) {
  if constexpr (std::is_same_v<LayerArithmetic, PseudoSelection::LayerArithmetic>) {
    if (task.pseudo != nullptr) {
      PseudoSelection selection(task, *task.pseudo, std::get_if<Delta>(&operand), arithmetic);
      DirectionRun(task, arithmetic, arithmetic.rule(AsIs::Rule{}), std::move(selection)).run();
      return;
    }
  }
  const auto run = [&]<class Technique>(const Technique& choice) {
    if constexpr (kRuns<LayerArithmetic, Technique>)
      DirectionRun(task, arithmetic, arithmetic.rule(choice.rule()),
                   selection_for(choice, task, arithmetic))
          .run();
    else
      EDGEVAL_ASSERT(!"an operand that check_point lets through");
  };
  std::visit(run, operand);
}

template void run_direction(const DirectionTask&, const FloatLayer&, const OperandChoice&);
template void run_direction(const DirectionTask&, const QuantizedLayer&, const OperandChoice&);
template void run_direction(const DirectionTask&, const EightBitLayer&, const OperandChoice&);
template void run_direction(const DirectionTask&, const FixedLayer<std::int64_t>&,
                            const OperandChoice&);

}  // namespace edgeval
