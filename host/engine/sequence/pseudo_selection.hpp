// The selection of pseudo-skips (docs/techniques.md, "Pseudo-skip": two products). It splits every
// element of x and h into what enters either product, keeps W16 a and W8 s of every lane as exact
// sums, and gives the cells the sums that make up z.
#pragma once

#include "host/body/pseudo.hpp"
#include "host/engine/sequence/direction_task.hpp"
#include "host/engine/sequence/selection.hpp"
#include "host/technique/pseudo_skip.hpp"

namespace edgeval {

class PseudoSelection {
 public:
  static constexpr bool kSplits = true;
  using LayerArithmetic = FixedLayer<std::int64_t>;
  using Numbers = LayerArithmetic::Numbers;

  // task.second has the products with W8. delta: the operand if it is delta, else null.
  PseudoSelection(const DirectionTask& task, const SimilaritySkip& skip, const Delta* delta,
                  const LayerArithmetic& arithmetic)
      : task_(task),
        arithmetic_(arithmetic),
        x_(rule(skip, delta, Source::kInput), lanes(), task.layer.product_inputs(), gate_rows()),
        h_(rule(skip, delta, Source::kRecurrent), lanes(), task.layer.recurrent(), gate_rows()) {}

  // Splits value [width] into full [width] and delta [width]. full may lie outside the grid's 16
  // bits.
  OperandCounts split(Index n, Index step, Source source, const float* value, Index width,
                      float* full, float* delta) {
    const bool pseudo = is_pseudo(n, step);
    Half& half = source == Source::kInput ? x_ : h_;
    const OperandCounts counts =
        pseudo_operand_row(SerialBlock{}, half.rule, pseudo, value, width, half.reference.row(n),
                           [&](Index i, const PseudoRule::Elements& elements) {
                             full[i] = static_cast<float>(elements.full) * half.rule.grid.inverse;
                             delta[i] = static_cast<float>(elements.delta);
                           });
    if (pseudo)
      lane(n).activity[Count::kMacs8x8] += static_cast<std::uint64_t>(gate_rows() * counts.changed);
    return counts;
  }
  // Multiplies full [padded rows, width] into sums. Elements beyond 16 bits, which only a jump over
  // more than half of the range makes under the delta operand, are cut into parts that fit.
  void multiply(Matrix<float>& full, Index rows, Source source, Matrix<std::int64_t>& sums) const {
    const Grid& grid = (source == Source::kInput ? x_ : h_).rule.grid;
    const auto product = [&](const Matrix<float>& elements, std::int64_t* y) {
      if (source == Source::kInput)
        arithmetic_.multiply_input(elements.data(), rows, y);
      else
        arithmetic_.multiply_recurrent(elements.data(), rows, y);
    };
    const auto& offsets = (source == Source::kInput ? arithmetic_.products().input
                                                    : *arithmetic_.products().recurrent)
                              .offsets();
    Matrix<float> rest;
    bool more = cut(full, rows, grid, rest);
    product(full, sums.data());
    Matrix<std::int64_t> part(more ? sums.rows() : 0, sums.cols());
    while (more) {
      std::swap(full, rest);
      more = cut(full, rows, grid, rest);
      product(full, part.data());
      for (Index r = 0; r < rows; ++r)
        for (Index at = 0; at < sums.cols(); ++at)
          sums(r, at) += part(r, at) + offsets[static_cast<std::size_t>(at)];
    }
  }
  void before_cell(Index n, Index step, StepSums<std::int64_t> sums, const Numbers::State*) {
    const bool pseudo = is_pseudo(n, step);
    add(x_, n, pseudo, arithmetic_.products().input, task_.second->input, sums.wx, sums.second_wx);
    if (!task_.second->recurrent) return;
    add(h_, n, pseudo, *arithmetic_.products().recurrent, *task_.second->recurrent, sums.uh,
        sums.second_uh);
  }
  void add_counts(Index n, LayerActivity& activity) const {
    for (StepMode mode : lane(n).plan.modes)
      if (mode == StepMode::kPseudo) ++activity[Count::kStepsPseudo];
  }

 private:
  const DirectionLane& lane(Index n) const { return task_.lanes[static_cast<std::size_t>(n)]; }
  Index lanes() const { return static_cast<Index>(task_.lanes.size()); }
  Index gate_rows() const { return task_.layer.gates() * task_.layer.cells; }
  bool is_pseudo(Index n, Index step) const {
    const LanePlan& plan = lane(n).plan;
    const auto frame = static_cast<std::size_t>(plan.live[static_cast<std::size_t>(step)]);
    return plan.modes[frame] == StepMode::kPseudo;
  }
  PseudoRule rule(const SimilaritySkip& skip, const Delta* delta, Source source) const {
    return PseudoRule::of(skip, delta, source, arithmetic_.rule(AsIs{}).grid(source));
  }

  // Leaves in `full` what fits the grid and puts the remainder into `rest`. Returns whether there
  // is one.
  static bool cut(Matrix<float>& full, Index rows, const Grid& grid, Matrix<float>& rest) {
    const float low = grid.low * grid.inverse, high = grid.high * grid.inverse;
    const std::span<float> values =
        full.values().first(static_cast<std::size_t>(rows * full.cols()));
    if (std::ranges::all_of(values, [&](float value) { return value >= low && value <= high; }))
      return false;
    rest = Matrix<float>(full.rows(), full.cols());
    for (std::size_t i = 0; i < values.size(); ++i) {
      const float fits = clamp(values[i], low, high);
      rest.data()[i] = values[i] - fits;
      values[i] = fits;
    }
    return true;
  }

  // What is kept for the part of z that comes from x, or for the part from h.
  struct Half {
    PseudoRule rule;
    Matrix<std::int32_t> reference;    // [lanes, width]
    Matrix<std::int64_t> full, delta;  // [lanes, G H]: W16 a and W8 s
    Half(const PseudoRule& r, Index lanes, Index width, Index gate_rows)
        : rule(r), reference(lanes, width), full(lanes, gate_rows), delta(lanes, gate_rows) {}
  };

  // The sums of one step. Products leave out their offsets, which are added here.
  struct Products {
    const FixedProduct<std::int64_t>& of_full;
    const FixedProduct<std::int32_t>& of_delta;
    const std::int64_t* sums;
    const std::int32_t* second;
    std::int64_t full(Index at) const { return sums[at] + offset(at); }
    std::int64_t delta(Index at) const {
      return second[at] + of_delta.offsets()[static_cast<std::size_t>(at)];
    }
    std::int64_t offset(Index at) const { return of_full.offsets()[static_cast<std::size_t>(at)]; }
  };
  static void add(Half& half, Index n, bool pseudo, const FixedProduct<std::int64_t>& of_full,
                  const FixedProduct<std::int32_t>& of_delta, std::int64_t* sums,
                  const std::int32_t* second) {
    pseudo_sums_row(SerialBlock{}, half.rule, pseudo,
                    {half.full.cols(), half.full.row(n), half.delta.row(n), sums},
                    Products{of_full, of_delta, sums, second});
  }

  const DirectionTask& task_;
  const LayerArithmetic& arithmetic_;
  Half x_, h_;
};

}  // namespace edgeval
