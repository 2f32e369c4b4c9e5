#include "host/engine/lstm_direction.hpp"

#include "host/core/error.hpp"
#include "host/engine/body/cell.hpp"
#include "host/engine/body/operand.hpp"
#include "host/engine/body/unpack.hpp"
#include "host/engine/pseudo_selection.hpp"

namespace edgeval {
namespace {

// The whole recurrence of one block of lanes under one arithmetic, operand rule and selection. Buffers are [lanes or rows, width];
// those that enter or leave a product have their rows padded to the product's row block.
template <class LayerArithmetic, class Rule, class Selection>
class DirectionRun {
 public:
  DirectionRun(const LstmDirectionTask& task, const LayerArithmetic& arithmetic, const Rule& rule, Selection selection)
      : task_(task),
        arithmetic_(arithmetic),
        rule_(rule),
        selection_(std::move(selection)),
        numbers_(arithmetic.numbers()),
        lanes_(static_cast<Index>(task.lanes.size())),
        inputs_(task.input.cols()),
        cells_(task.cells),
        c_(lanes_, cells_),
        h_(padded_rows(lanes_), cells_),
        uh_(padded_rows(lanes_), 4 * cells_) {
    if constexpr (!Rule::kIdentity) {
      h_operand_ = Matrix<float>(padded_rows(lanes_), cells_);
      x_state_ = Matrix<RuleState>(lanes_, inputs_);
      h_state_ = Matrix<RuleState>(lanes_, cells_);
    }
    const Index row_bytes = 4 * cells_ * static_cast<Index>(sizeof(Sum));
    chunk_rows_ = std::max(lanes_, static_cast<Index>(task.chunk_bytes) / row_bytes);
    x_operand_ = Matrix<float>(padded_rows(chunk_rows_), inputs_);
    wx_ = Matrix<Sum>(padded_rows(chunk_rows_), 4 * cells_);
    if (task.second != nullptr) {
      second_x_ = SecondSums(padded_rows(chunk_rows_), inputs_, cells_);
      second_h_ = SecondSums(padded_rows(lanes_), cells_, cells_);
    }
  }

  void run() {
    const Index steps = lanes_ == 0 ? 0 : plan(0).running();
    for (Index first = 0; first < steps;) first = run_chunk(first, steps);
    for (Index n = 0; n < lanes_; ++n) {
      unpack_lane(SerialBlock{}, output(n), plan(n).live.data(), plan(n).running(),
                  task_.direction == Direction::kBackward);
      selection_.add_counts(n, *task_.activity[n]);
    }
  }

 private:
  using Numbers = typename LayerArithmetic::Numbers;
  using Sum = typename Numbers::Sum;
  using RuleState = typename Rule::State;

  // What enters the second product, and what leaves it.
  struct SecondSums {
    Matrix<float> elements;
    Matrix<std::int32_t> sums;  // [rows, 4H]
    SecondSums() = default;
    SecondSums(Index rows, Index width, Index cells) : elements(rows, width), sums(rows, 4 * cells) {}
    const std::int32_t* row(Index r) const { return sums.size() == 0 ? nullptr : sums.row(r); }
    float* element_row(Index r) { return elements.size() == 0 ? nullptr : elements.row(r); }
  };

  const LanePlan& plan(Index n) const { return task_.plans[task_.lanes[n]]; }
  MatrixView<float> output(Index n) const {
    MatrixView<float> all = task_.output.sequence(task_.lanes[n]);
    return {all.data + task_.first_column, all.rows, cells_, all.stride};
  }
  Index active_lanes(Index step, Index before) const {
    while (before > 0 && plan(before - 1).running() <= step) --before;
    return before;
  }

  // Runs as many steps from `first` as fit into a chunk (at least one); returns the step after the last.
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
      for (Index n = 0; n < active[k]; ++n, ++row) input_operand(first + k, n, x_operand_.row(row), second_x_.element_row(row));
    if constexpr (Selection::kSplits)
      selection_.multiply(x_operand_, rows, Source::kInput, wx_);
    else
      arithmetic_.multiply_input(x_operand_.data(), rows, wx_.data());
    if (task_.second != nullptr) multiply_second(task_.second->input, x_operand_, rows, Source::kInput, second_x_);
    row = 0;
    for (Index k = 0; k < static_cast<Index>(active.size()); ++k) {
      recurrent_step(first + k, active[k], row);
      row += active[k];
    }
    active_ = active.back();
    return first + static_cast<Index>(active.size());
  }

  // second: what enters the second product where the selection splits elements, else unused.
  void input_operand(Index step, Index n, float* operand, float* second) {
    const float* x = task_.input.sequence(task_.lanes[n]).row(plan(n).live[step]);
    const OperandCounts counts = [&] {
      if constexpr (Selection::kSplits)
        return selection_.split(n, step, Source::kInput, x, inputs_, operand, second);
      else
        return operand_row(SerialBlock{}, rule_, Source::kInput, x, inputs_, state(x_state_, n), operand);
    }();
    LayerActivity& activity = *task_.activity[n];
    activity[Count::kInputsChanged] += counts.changed;
    activity[Count::kInputsZero] += counts.zero;
  }

  void multiply_second(const FixedProduct<std::int32_t>& product, const Matrix<float>& operand, Index rows,
                       Source source, SecondSums& second) {
    if constexpr (!Selection::kSplits)
      for (Index i = 0; i < rows * operand.cols(); ++i)
        second.elements.data()[i] = selection_.second_element(operand.data()[i], source);
    product(second.elements.data(), 0, rows, second.sums.data());
  }

  // W x of this step's lanes begins in row `first_row` of the chunk.
  void recurrent_step(Index step, Index active, Index first_row) {
    Matrix<float>& operand = Rule::kIdentity ? h_ : h_operand_;
    for (Index n = 0; n < active; ++n) {
      const OperandCounts counts = [&] {
        if constexpr (Selection::kSplits)
          return selection_.split(n, step, Source::kRecurrent, h_.row(n), cells_, operand.row(n),
                                  second_h_.element_row(n));
        else
          return operand_row(SerialBlock{}, rule_, Source::kRecurrent, h_.row(n), cells_, state(h_state_, n),
                             operand.row(n));
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
    if (task_.functions == nullptr)
      run_cells(numbers_, step, active, first_row);
    else
      run_cells(PiecewiseNumbers<Numbers>{numbers_, *task_.functions}, step, active, first_row);
  }

  template <class CellNumbers>
  void run_cells(const CellNumbers& numbers, Index step, Index active, Index first_row) {
    for (Index n = 0; n < active; ++n) {
      Sum* const wx = wx_.row(first_row + n);
      selection_.before_cell(n, step, {wx, uh_.row(n), second_x_.row(first_row + n), second_h_.row(n)});
      cell_row(SerialBlock{}, numbers,
               CellRow<CellNumbers>{.wx = wx,
                                    .uh = uh_.row(n),
                                    .cells = cells_,
                                    .c = c_.row(n),
                                    .h = h_.row(n),
                                    .output = output(n).row(plan(n).live[step])});
      selection_.after_cell(n, c_.row(n));
    }
  }

  RuleState* state(Matrix<RuleState>& states, Index n) { return Rule::kIdentity ? nullptr : states.row(n); }

  const LstmDirectionTask& task_;
  const LayerArithmetic& arithmetic_;
  const Rule rule_;
  Selection selection_;
  const Numbers numbers_;
  const Index lanes_, inputs_, cells_;
  Index chunk_rows_ = 0;
  Index active_ = lanes_;  // lanes still running at the end of the last chunk
  Matrix<typename Numbers::State> c_;
  Matrix<float> h_;
  Matrix<Sum> uh_, wx_;
  Matrix<float> h_operand_, x_operand_;
  Matrix<RuleState> x_state_, h_state_;
  SecondSums second_x_, second_h_;
};

template <class LayerArithmetic, class Technique>
auto selection_for(const Technique&, const LstmDirectionTask&, const LayerArithmetic&) {
  return NoSelection<LayerArithmetic>();
}
template <class LayerArithmetic>
auto selection_for(const Memoized& choice, const LstmDirectionTask& task, const LayerArithmetic& arithmetic) {
  return MemoSelection<LayerArithmetic>(choice, arithmetic, task.second, static_cast<Index>(task.lanes.size()),
                                        task.cells);
}
template <class LayerArithmetic>
auto selection_for(const DynamicPrecision& choice, const LstmDirectionTask& task, const LayerArithmetic& arithmetic) {
  std::vector<Index> steps;
  for (Index lane : task.lanes) steps.push_back(task.plans[lane].running());
  return PrecisionSelection<LayerArithmetic>(choice, arithmetic, *task.second, steps, task.cells);
}

// Which operands an arithmetic runs; check_point refuses the others.
template <class LayerArithmetic, class Technique>
constexpr bool kRuns = !std::is_same_v<Technique, DynamicPrecision> || std::is_same_v<LayerArithmetic, EightBitLayer>;
template <class Technique>
constexpr bool kRuns<QuantizedLayer, Technique> = std::is_same_v<Technique, DynamicPrecision>;

}  // namespace

template <class LayerArithmetic>
void run_lstm_direction(const LstmDirectionTask& task, const LayerArithmetic& arithmetic, const OperandChoice& operand) {
  if constexpr (std::is_same_v<LayerArithmetic, PseudoSelection::LayerArithmetic>) {
    if (task.pseudo != nullptr) {
      PseudoSelection selection(task, *task.pseudo, std::get_if<Delta>(&operand), arithmetic);
      DirectionRun(task, arithmetic, arithmetic.rule(AsIs::Rule{}), std::move(selection)).run();
      return;
    }
  }
  const auto run = [&]<class Technique>(const Technique& choice) {
    if constexpr (kRuns<LayerArithmetic, Technique>)
      DirectionRun(task, arithmetic, arithmetic.rule(choice.rule()), selection_for(choice, task, arithmetic)).run();
    else
      EDGEVAL_ASSERT(!"an operand that check_point lets through");
  };
  std::visit(run, operand);
}

template void run_lstm_direction(const LstmDirectionTask&, const FloatLayer&, const OperandChoice&);
template void run_lstm_direction(const LstmDirectionTask&, const QuantizedLayer&, const OperandChoice&);
template void run_lstm_direction(const LstmDirectionTask&, const EightBitLayer&, const OperandChoice&);
template void run_lstm_direction(const LstmDirectionTask&, const FixedLayer<std::int64_t>&, const OperandChoice&);

}  // namespace edgeval
