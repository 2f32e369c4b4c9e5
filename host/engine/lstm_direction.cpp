#include "host/engine/lstm_direction.hpp"

#include "host/engine/body/cell.hpp"
#include "host/engine/body/operand.hpp"
#include "host/engine/body/unpack.hpp"

namespace edgeval {
namespace {

// The whole recurrence of one block of lanes under one arithmetic and operand rule. Buffers are [lanes or rows, width];
// those that enter or leave a product have their rows padded to the product's row block.
template <class LayerArithmetic, class Rule>
class DirectionRun {
 public:
  DirectionRun(const LstmDirectionTask& task, const LayerArithmetic& arithmetic, const Rule& rule)
      : task_(task),
        arithmetic_(arithmetic),
        rule_(rule),
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
  }

  void run() {
    const Index steps = lanes_ == 0 ? 0 : plan(0).running();
    for (Index first = 0; first < steps;) first = run_chunk(first, steps);
    for (Index n = 0; n < lanes_; ++n) {
      unpack_lane(SerialBlock{}, output(n), plan(n).live.data(), plan(n).running(),
                  task_.direction == Direction::kBackward);
    }
  }

 private:
  using Numbers = typename LayerArithmetic::Numbers;
  using Sum = typename Numbers::Sum;
  using RuleState = typename Rule::State;

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
      for (Index n = 0; n < active[k]; ++n, ++row) input_operand(first + k, n, x_operand_.row(row));
    arithmetic_.multiply_input(x_operand_.data(), rows, wx_.data());
    row = 0;
    for (Index k = 0; k < static_cast<Index>(active.size()); ++k) {
      recurrent_step(first + k, active[k], wx_.row(row));
      row += active[k];
    }
    active_ = active.back();
    return first + static_cast<Index>(active.size());
  }

  void input_operand(Index step, Index n, float* operand) {
    const float* x = task_.input.sequence(task_.lanes[n]).row(plan(n).live[step]);
    const OperandCounts counts =
        operand_row(SerialBlock{}, rule_, Source::kInput, x, inputs_, state(x_state_, n), operand);
    LayerActivity& activity = *task_.activity[n];
    activity[Count::kInputsChanged] += counts.changed;
    activity[Count::kInputsZero] += counts.zero;
  }

  // wx: [active, 4H] of this step.
  void recurrent_step(Index step, Index active, const Sum* wx) {
    Matrix<float>& operand = Rule::kIdentity ? h_ : h_operand_;
    for (Index n = 0; n < active; ++n) {
      const OperandCounts counts = operand_row(SerialBlock{}, rule_, Source::kRecurrent, h_.row(n), cells_,
                                               state(h_state_, n), operand.row(n));
      LayerActivity& activity = *task_.activity[n];
      activity[Count::kRecurrentInputsChanged] += counts.changed;
      activity[Count::kRecurrentInputsZero] += counts.zero;
    }
    arithmetic_.multiply_recurrent(operand.data(), active, uh_.data());
    if (task_.functions == nullptr)
      run_cells(numbers_, step, active, wx);
    else
      run_cells(PiecewiseNumbers<Numbers>{numbers_, *task_.functions}, step, active, wx);
  }

  template <class CellNumbers>
  void run_cells(const CellNumbers& numbers, Index step, Index active, const Sum* wx) {
    for (Index n = 0; n < active; ++n) {
      cell_row(SerialBlock{}, numbers,
               CellRow<CellNumbers>{.wx = wx + n * 4 * cells_,
                                    .uh = uh_.row(n),
                                    .cells = cells_,
                                    .c = c_.row(n),
                                    .h = h_.row(n),
                                    .output = output(n).row(plan(n).live[step])});
    }
  }

  RuleState* state(Matrix<RuleState>& states, Index n) { return Rule::kIdentity ? nullptr : states.row(n); }

  const LstmDirectionTask& task_;
  const LayerArithmetic& arithmetic_;
  const Rule rule_;
  const Numbers numbers_;
  const Index lanes_, inputs_, cells_;
  Index chunk_rows_ = 0;
  Index active_ = lanes_;  // lanes still running at the end of the last chunk
  Matrix<typename Numbers::State> c_;
  Matrix<float> h_;
  Matrix<Sum> uh_, wx_;
  Matrix<float> h_operand_, x_operand_;
  Matrix<RuleState> x_state_, h_state_;
};

}  // namespace

template <class LayerArithmetic>
void run_lstm_direction(const LstmDirectionTask& task, const LayerArithmetic& arithmetic, const OperandChoice& operand) {
  std::visit([&](const auto& choice) { DirectionRun(task, arithmetic, arithmetic.rule(choice.rule())).run(); }, operand);
}

template void run_lstm_direction(const LstmDirectionTask&, const FloatLayer&, const OperandChoice&);
template void run_lstm_direction(const LstmDirectionTask&, const FixedLayer<std::int32_t>&, const OperandChoice&);
template void run_lstm_direction(const LstmDirectionTask&, const FixedLayer<std::int64_t>&, const OperandChoice&);

}  // namespace edgeval
