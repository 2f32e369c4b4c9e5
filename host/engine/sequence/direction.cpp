#include "host/engine/sequence/direction.hpp"

#include "host/body/unpack.hpp"
#include "host/body/window.hpp"
#include "host/core/error.hpp"
#include "host/engine/sequence/cell_state.hpp"
#include "host/engine/sequence/cell_step.hpp"
#include "host/engine/sequence/pseudo_selection.hpp"

namespace edgeval {
namespace {

// Runs the whole recurrence of one block of lanes under one arithmetic, operand rule and selection.
template <class LayerArithmetic, class Rule, class Selection>
class DirectionRun {
 public:
  // rules: those of the lanes' operands, one for each lane or one for all.
  DirectionRun(const DirectionTask& task, const LayerArithmetic& arithmetic,
               std::vector<Rule> rules, Selection selection)
      : task_(task),
        cell_step_(task.layer, arithmetic, std::move(rules), task.second, task.functions),
        lanes_(static_cast<Index>(task.lanes.size())),
        inputs_(task.layer.product_inputs()),
        chunk_rows_(rows_of_chunk(task)),
        x_(static_cast<std::size_t>(task.layer.shows_x() ? lanes_ : 0)),
        h_(padded_matrix<float>(lanes_, task.layer.width())),
        rows_(cell_step_.start(lanes_, std::move(selection))),
        buffers_(cell_step_.buffers(lanes_)),
        w_(cell_step_.input_product(chunk_rows_, true)),
        window_(static_cast<std::size_t>(task.layer.form.window > 1 ? inputs_ : 0)) {
    for (const DirectionLane& lane : task.lanes) activity_.push_back(&lane.activity);
  }

  void run() {
    const Index steps = lanes_ == 0 ? 0 : plan(0).running();
    for (Index first = 0; first < steps;) first = run_chunk(first, steps);
    for (Index n = 0; n < lanes_; ++n) {
      unpack_lane(SerialBlock{}, lane(n).output, plan(n).live.data(), plan(n).running(),
                  task_.direction == Direction::kBackward);
      rows_.selection.add_counts(n, lane(n).activity);
      hand_on(n);
    }
  }

 private:
  using Cells = CellStep<LayerArithmetic, Rule, Selection>;

  // Returns how many rows of W x fit the chunk; these are at least the rows of one step.
  static Index rows_of_chunk(const DirectionTask& task) {
    const Index row_bytes =
        task.layer.gates() * task.layer.cells * static_cast<Index>(sizeof(typename Cells::Sum));
    return std::max(static_cast<Index>(task.lanes.size()),
                    static_cast<Index>(task.chunk_bytes) / row_bytes);
  }

  // Writes h and c of lane n where they are wanted, c in units of 1.
  void hand_on(Index n) const {
    if (lane(n).last_h == nullptr) return;
    std::copy_n(h_.row(n), h_.cols(), lane(n).last_h);
    for (Index j = 0; j < rows_.c.cols(); ++j) lane(n).last_c[j] = cell_value(rows_.c(n, j));
  }

  const DirectionLane& lane(Index n) const { return task_.lanes[static_cast<std::size_t>(n)]; }
  const LanePlan& plan(Index n) const { return lane(n).plan; }

  const float* frame(Index step, Index n) const {
    return lane(n).input.row(plan(n).live[static_cast<std::size_t>(step)]);
  }
  // Returns what enters W x: the frame, or the window that ends at it.
  const float* product_input(Index step, Index n) {
    const Index window = task_.layer.form.window;
    if (window == 1) return frame(step, n);
    window_row(SerialBlock{}, lane(n).input, plan(n).live[static_cast<std::size_t>(step)], window,
               task_.direction == Direction::kBackward, window_.data());
    return window_.data();
  }
  // Returns how many of the first `before` lanes run at a step.
  Index active_lanes(Index step, Index before) const {
    while (before > 0 && plan(before - 1).running() <= step) --before;
    return before;
  }

  // Runs as many steps from `first` as fit into a chunk, at least one. Returns the step after the
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
        cell_step_.enter(Source::kInput,
                         {n, first + k, product_input(first + k, n), w_.operand.row(row),
                          w_.second_operand_row(row)},
                         rows_, lane(n).activity);
      }
    cell_step_.multiply(Source::kInput, w_.operand, rows, w_, rows_.selection);
    row = 0;
    for (Index k = 0; k < static_cast<Index>(active.size()); ++k) {
      run_step(first + k, active[k], row);
      row += active[k];
    }
    active_ = active.back();
    return first + static_cast<Index>(active.size());
  }

  // Asks for a row ahead of its use: the rows of a step's lanes lie far apart, each too short for
  // the processor to guess the next.
  void prefetch(const float* row) const {
    for (Index i = 0; i < task_.layer.inputs; i += 16) __builtin_prefetch(row + i);
  }

  // Runs one step, whose W x begins in row `first_row` of the chunk.
  void run_step(Index step, Index active, Index first_row) {
    if (!x_.empty())
      for (Index n = 0; n < active; ++n) x_[n] = frame(step, n);
    cell_step_.run({active, step, w_, first_row, x_, activity_}, rows_, buffers_, h_);
    for (Index n = 0; n < active; ++n)
      std::copy_n(h_.row(n), h_.cols(),
                  lane(n).output.row(plan(n).live[static_cast<std::size_t>(step)]));
  }

  const DirectionTask& task_;
  const Cells cell_step_;
  const Index lanes_, inputs_;  // N, C k
  const Index chunk_rows_;
  Index active_ = lanes_;        // lanes still running at the end of the last chunk
  std::vector<const float*> x_;  // [C] of each lane at a step, where shows_x(); else empty
  Matrix<float> h_;              // [padded lanes, H or P]
  typename Cells::Rows rows_;
  typename Cells::Buffers buffers_;
  typename Cells::Product w_;             // W x of a chunk
  std::vector<float> window_;             // [C k]
  std::vector<LayerActivity*> activity_;  // of each lane
};

}  // namespace

template <class LayerArithmetic>
void run_direction(const DirectionTask& task, const LayerArithmetic& arithmetic) {
  const OperandChoice& operand = task.lanes.front().operand;
  if constexpr (std::is_same_v<LayerArithmetic, PseudoSelection::LayerArithmetic>) {
    if (task.pseudo != nullptr) {
      PseudoSelection selection(task, *task.pseudo, std::get_if<Delta>(&operand), arithmetic);
      DirectionRun(task, arithmetic, std::vector{arithmetic.rule(AsIs{})}, std::move(selection))
          .run();
      return;
    }
  }
  std::vector<Index> steps;  // number of executed steps of each lane
  for (const DirectionLane& lane : task.lanes) steps.push_back(lane.plan.running());
  const auto run = [&]<class Technique>(const Technique& first) {
    if constexpr (kRuns<LayerArithmetic, Technique>) {
      std::vector<decltype(arithmetic.rule(first))> rules;
      for (const DirectionLane& lane : task.lanes)
        rules.push_back(arithmetic.rule(std::get<Technique>(lane.operand)));
      DirectionRun(task, arithmetic, std::move(rules),
                   selection_for(first, task.layer, arithmetic, task.second, steps))
          .run();
    } else {
      EDGEVAL_ASSERT(!"an operand that check_point lets through");
    }
  };
  std::visit(run, operand);
}

template void run_direction(const DirectionTask&, const FloatLayer&);
template void run_direction(const DirectionTask&, const QuantizedLayer&);
template void run_direction(const DirectionTask&, const EightBitLayer&);
template void run_direction(const DirectionTask&, const FixedLayer<std::int64_t>&);

}  // namespace edgeval
