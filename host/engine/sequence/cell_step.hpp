// One step of the cells of a block of rows:
//   operand(h) -> product U -> select -> cell -> projection
// A row is a lane of a direction (direction.cpp) or a hypothesis of a decoder (step_layer.cpp). The
// caller computes W x before, for as many steps at once as it likes, with enter and multiply. Some
// kinds of cells have no U; cells in halves have another product between the halves.
#pragma once

#include "host/body/operand.hpp"
#include "host/engine/sequence/operand_counts.hpp"
#include "host/engine/sequence/selection.hpp"
#include "host/layer/kinds.hpp"

namespace edgeval {

// Returns the states that an operand's rule keeps of [rows, width] elements before the first step;
// empty for an identity, which keeps nothing.
template <class Rule>
Matrix<typename Rule::State> rule_states(Index rows, Index width) {
  return Rule::kIdentity ? Matrix<typename Rule::State>()
                         : Matrix<typename Rule::State>(rows, width);
}

// Rule: an operand's rule as LayerArithmetic::rule returns it. Several threads may call the
// methods at once, each with rows and buffers of its own.
template <class LayerArithmetic, class Rule, class Selection>
class CellStep {
 public:
  using Numbers = typename LayerArithmetic::Numbers;
  using Sum = typename Numbers::Sum;

  // What R rows keep between two steps, beside h. The states are empty for an identity.
  struct Rows {
    Matrix<typename Numbers::State> c;              // [R, H]
    Matrix<typename Rule::State> x_state, h_state;  // [R, C k], [R, width of h]
    Selection selection;

    // Returns what the rows `parents` keep, in this order.
    Rows gathered(std::span<const Index> parents) const {
      return {gathered_rows(c, parents), gathered_rows(x_state, parents),
              gathered_rows(h_state, parents), selection.gathered(parents)};
    }
  };

  // What enters and leaves a product. Its rows are padded to the product's row block. The second
  // operand and sums are empty where there is no second product.
  struct Product {
    Matrix<float> operand;             // [rows, C k] or [rows, width of h]
    Matrix<Sum> sums;                  // [rows, G H]; for U [rows, blocks.of_sums() H]
    Matrix<float> second_operand;      // of the shape of operand
    Matrix<std::int32_t> second_sums;  // [rows, G H]

    float* second_operand_row(Index r) {
      return second_operand.size() == 0 ? nullptr : second_operand.row(r);
    }
    const std::int32_t* second_row(Index r) const {
      return second_sums.size() == 0 ? nullptr : second_sums.row(r);
    }
  };

  // The memory that a step needs, for R rows.
  struct Buffers {
    Product u;
    Matrix<float> before_after;  // [R, H], what the cells give to a product within the step
    Matrix<Sum> after;           // [R, P] or [R, H], the sums of that product
  };

  struct Step {
    Index rows;  // how many rows run, the first ones of the block
    Index step;  // number of the step among those that each row executes, from 0
    Product& w;
    Index first_row;                           // the row of w that belongs to row 0
    std::span<const float* const> x;           // [C] of each row, where shows_x(); else empty
    std::span<LayerActivity* const> activity;  // of each row: changed and zero elements are added
  };

  // rules: the rule of each row, or one for all rows. second: null where there is no second
  // product. functions: what replaces sigmoid and tanh in the cells, or null. The object keeps
  // references to all arguments but the rules.
  CellStep(const RecurrentLayer& layer, const LayerArithmetic& arithmetic, std::vector<Rule> rules,
           const SecondProducts* second, const PiecewiseFunctions* functions)
      : layer_(layer),
        type_(layer.type()),
        arithmetic_(arithmetic),
        rules_(std::move(rules)),
        numbers_(arithmetic.numbers()),
        second_(second),
        functions_(functions) {
    if constexpr (kMayBeNarrow) narrow_ = arithmetic.narrow_numbers();
  }

  // Returns what rows keep before their first step, where c = 0.
  Rows start(Index rows, Selection selection) const {
    return {Matrix<typename Numbers::State>(rows, layer_.cells),
            rule_states<Rule>(rows, layer_.product_inputs()),
            rule_states<Rule>(rows, layer_.recurrent()), std::move(selection)};
  }

  // Returns the memory for W x of so many rows, without an operand where x itself enters.
  Product input_product(Index rows, bool with_operand) const {
    return product(rows, with_operand, layer_.product_inputs(), gate_rows());
  }
  Buffers buffers(Index rows) const {
    Buffers buffers{
        product(rows, !Rule::kIdentity, layer_.recurrent(), type_.blocks.of_sums() * layer_.cells),
        {},
        {}};
    if (projects() || in_halves()) {
      buffers.before_after = padded_matrix<float>(rows, layer_.cells);
      buffers.after = padded_matrix<Sum>(rows, projects() ? layer_.width() : layer_.cells);
    }
    return buffers;
  }

  // x or h of row n at a step, and where to write what enters the products.
  struct OperandRow {
    Index n, step;
    const float* value;
    float* operand;  // may be the memory of value
    float* second;   // is used only where the selection splits elements
  };
  // Brings a row through the operand's rule, or lets the selection split it, and adds its changed
  // and zero elements to `activity`.
  void enter(Source source, const OperandRow& row, Rows& rows, LayerActivity& activity) const {
    const bool input = source == Source::kInput;
    const Index width = input ? layer_.product_inputs() : layer_.recurrent();
    if constexpr (Selection::kSplits) {
      add_counts(
          activity, source,
          rows.selection.split(row.n, row.step, source, row.value, width, row.operand, row.second));
    } else {
      typename Rule::State* state = nullptr;
      if constexpr (!Rule::kIdentity) state = (input ? rows.x_state : rows.h_state).row(row.n);
      add_counts(
          activity, source,
          operand_row(SerialBlock{}, rule(row.n), source, row.value, width, state, row.operand));
    }
  }

  // Multiplies operand [padded count, width] with W or U into product.sums; where there is a second
  // product, makes its sums, too.
  void multiply(Source source, Matrix<float>& operand, Index count, Product& product,
                const Selection& selection) const {
    if constexpr (Selection::kSplits)
      selection.multiply(operand, count, source, product.sums);
    else if (source == Source::kInput)
      arithmetic_.multiply_input(operand.data(), count, product.sums.data());
    else
      arithmetic_.multiply_recurrent(operand.data(), count, product.sums.data());
    if (second_ == nullptr) return;
    if constexpr (!Selection::kSplits)
      for (Index i = 0; i < count * operand.cols(); ++i)
        product.second_operand.data()[i] = selection.second_element(operand.data()[i], source);
    const auto& second = source == Source::kInput ? second_->input : *second_->recurrent;
    second(product.second_operand.data(), 0, count, product.second_sums.data());
  }

  // Runs one step. h [padded rows, H or P] is that of the step before and becomes that of this one.
  void run(const Step& at, Rows& rows, Buffers& buffers, Matrix<float>& h) const {
    if (layer_.recurrent() > 0) {
      Matrix<float>& operand = Rule::kIdentity ? h : buffers.u.operand;
      for (Index n = 0; n < at.rows; ++n)
        enter(Source::kRecurrent,
              {n, at.step, h.row(n), operand.row(n), buffers.u.second_operand_row(n)}, rows,
              *at.activity[n]);
      multiply(Source::kRecurrent, operand, at.rows, buffers.u, rows.selection);
    }
    if (functions_ != nullptr)
      run_cells(PiecewiseNumbers<Numbers>{numbers_, *functions_}, at, rows, buffers, h);
    else if (kMayBeNarrow && narrow_)
      run_narrow_cells(at, rows, buffers, h);
    else
      run_cells(numbers_, at, rows, buffers, h);
    if constexpr (LayerArithmetic::kHasAfter)
      if (projects()) project(at.rows, buffers, h);
  }

 private:
  // Selected sums may be larger than those of one product and then do not fit NarrowNumbers.
  static constexpr bool kMayBeNarrow = std::is_same_v<Selection, NoSelection<LayerArithmetic>> &&
                                       std::is_same_v<LayerArithmetic, EightBitLayer>;

  const Rule& rule(Index row) const {
    return rules_.size() == 1 ? rules_.front() : rules_[static_cast<std::size_t>(row)];
  }
  Index gate_rows() const { return type_.blocks.gates * layer_.cells; }
  bool projects() const { return layer_.form.projection > 0; }
  bool in_halves() const { return type_.blocks.in_halves(); }

  Product product(Index rows, bool with_operand, Index width, Index sums) const {
    Product product;
    if (with_operand) product.operand = padded_matrix<float>(rows, width);
    product.sums = padded_matrix<Sum>(rows, sums);
    if (second_ == nullptr) return product;
    product.second_operand = padded_matrix<float>(rows, width);
    product.second_sums = padded_matrix<std::int32_t>(rows, gate_rows());
    return product;
  }

  void run_narrow_cells(const Step& at, Rows& rows, Buffers& buffers, Matrix<float>& h) const {
    if constexpr (kMayBeNarrow) run_cells(*narrow_, at, rows, buffers, h);
  }

  template <class CellNumbers>
  void run_cells(const CellNumbers& numbers, const Step& at, Rows& rows, Buffers& buffers,
                 Matrix<float>& h) const {
    const auto row = [&](Index n) {
      return RecurrentRow<CellNumbers>{.wx = at.w.sums.row(at.first_row + n),
                                       .uh = buffers.u.sums.row(n),
                                       .after = in_halves() ? buffers.after.row(n) : nullptr,
                                       .x = at.x.empty() ? nullptr : at.x[n],
                                       .cells = layer_.cells,
                                       .c = rows.c.row(n),
                                       .h = projects() ? buffers.before_after.row(n) : h.row(n)};
    };
    if constexpr (LayerArithmetic::kHasAfter)
      if (in_halves()) {
        for (Index n = 0; n < at.rows; ++n)
          first_half_row(SerialBlock{}, numbers, type_, row(n), buffers.before_after.row(n));
        arithmetic_.multiply_after(buffers.before_after.data(), at.rows, buffers.after.data());
      }
    for (Index n = 0; n < at.rows; ++n) {
      rows.selection.before_cell(n, at.step,
                                 {at.w.sums.row(at.first_row + n), buffers.u.sums.row(n),
                                  at.w.second_row(at.first_row + n), buffers.u.second_row(n)},
                                 rows.c.row(n));
      recurrent_cell_row(SerialBlock{}, numbers, type_, row(n));
    }
  }

  // Computes h = W_p times what the cells gave.
  void project(Index rows, Buffers& buffers, Matrix<float>& h) const {
    arithmetic_.multiply_after(buffers.before_after.data(), rows, buffers.after.data());
    for (Index n = 0; n < rows; ++n)
      for (Index p = 0; p < h.cols(); ++p) h(n, p) = numbers_.projected(buffers.after(n, p), p);
  }

  const RecurrentLayer& layer_;
  const CellType type_;
  const LayerArithmetic& arithmetic_;
  const std::vector<Rule> rules_;
  const Numbers numbers_;
  const SecondProducts* const second_;
  const PiecewiseFunctions* const functions_;
  std::optional<NarrowNumbers> narrow_;
};

}  // namespace edgeval
