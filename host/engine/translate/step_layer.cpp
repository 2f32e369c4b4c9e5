#include "host/engine/translate/step_layer.hpp"

#include "host/body/linear.hpp"
#include "host/body/operand.hpp"
#include "host/core/error.hpp"
#include "host/engine/sequence/cell_state.hpp"
#include "host/engine/sequence/selection.hpp"
#include "host/engine/translate/softmax.hpp"
#include "host/layer/kinds.hpp"

namespace edgeval {
namespace {

// The operand of a layer's x or h: a state for every row and element where its rule has one.
template <class Rule>
class StepOperand {
 public:
  StepOperand(Index rows, Index width)
      : state_(Rule::kIdentity ? 0 : rows, Rule::kIdentity ? 0 : width) {}
  StepOperand gathered(std::span<const Index> parents) const {
    return StepOperand(gathered_rows(state_, parents));
  }

  // values [padded R, width] -> what enters the product: themselves where the rule changes nothing,
  // else `entered`.
  Matrix<float>& enter(const Rule& rule, Source source, Matrix<float>& values, const StepRows& rows,
                       Matrix<float>& entered) {
    if constexpr (!Rule::kIdentity) entered = padded_matrix<float>(rows.rows, values.cols());
    Matrix<float>& operand = Rule::kIdentity ? values : entered;
    const bool input = source == Source::kInput;
    for (Index r = 0; r < rows.rows; ++r) {
      const OperandCounts counts =
          operand_row(SerialBlock{}, rule, source, values.row(r), values.cols(),
                      Rule::kIdentity ? nullptr : state_.row(r), operand.row(r));
      LayerActivity& activity = *rows.activity[static_cast<std::size_t>(r)];
      activity[input ? Count::kInputsChanged : Count::kRecurrentInputsChanged] +=
          static_cast<std::uint64_t>(counts.changed);
      activity[input ? Count::kInputsZero : Count::kRecurrentInputsZero] +=
          static_cast<std::uint64_t>(counts.zero);
    }
    return operand;
  }

 private:
  explicit StepOperand(Matrix<typename Rule::State> state) : state_(std::move(state)) {}
  Matrix<typename Rule::State> state_;
};

template <class LayerArithmetic, class Technique>
auto selection_for(const Technique&, const LayerArithmetic&, const SecondProducts*,
                   std::span<const Index>, Index, Index) {
  return NoSelection<LayerArithmetic>();
}
template <class LayerArithmetic>
auto selection_for(const Memoized& choice, const LayerArithmetic& arithmetic,
                   const SecondProducts* second, std::span<const Index> lengths, Index gates,
                   Index cells) {
  return MemoSelection<LayerArithmetic>(choice, arithmetic, second,
                                        static_cast<Index>(lengths.size()), gates * cells);
}
template <class LayerArithmetic>
auto selection_for(const DynamicPrecision& choice, const LayerArithmetic& arithmetic,
                   const SecondProducts* second, std::span<const Index> lengths, Index,
                   Index cells) {
  return PrecisionSelection<LayerArithmetic>(choice, arithmetic, *second,
                                             {lengths.begin(), lengths.end()}, cells);
}

template <class LayerArithmetic, class Technique>
class RecurrentStep final : public StepLayer {
 public:
  // second: null where nothing is multiplied twice.
  RecurrentStep(const RecurrentLayer& layer, LayerArithmetic arithmetic, const Technique& choice,
                const SecondProducts* second, const Nonlinearity& nonlinearity)
      : layer_(layer),
        type_(layer.type()),
        arithmetic_(std::move(arithmetic)),
        choice_(choice),
        second_(second),
        rule_(arithmetic_.rule(choice.rule())),
        numbers_(arithmetic_.numbers()),
        tables_(piecewise_tables(nonlinearity)) {}

  std::unique_ptr<StepState> start(const StepStart& start) const override {
    auto state = std::make_unique<State>(State{
        Matrix<CellState>(start.rows, layer_.cells),
        StepOperand<Rule>(start.rows, layer_.product_inputs()),
        StepOperand<Rule>(start.rows, layer_.recurrent()),
        selection_for(choice_, arithmetic_, second_, start.lengths, layer_.gates(), layer_.cells)});
    for (Index i = 0; i < state->c.size(); ++i)
      state->c.data()[i] = cell_state<CellState>(start.cells->data()[i]);
    return state;
  }

  void run(const StepRows& rows, StepState& of_rows, Matrix<float>& h) const override {
    State& state = static_cast<State&>(of_rows);
    Buffers buffers;
    const Index gate_rows = layer_.gates() * layer_.cells;
    buffers.wx = padded_matrix<Sum>(rows.rows, gate_rows);
    buffers.uh = padded_matrix<Sum>(rows.rows, type_.blocks.of_sums() * layer_.cells);
    Matrix<float> entered;
    const Matrix<float>& x = state.x.enter(rule_, Source::kInput, rows.x, rows, entered);
    arithmetic_.multiply_input(x.data(), rows.rows, buffers.wx.data());
    if (second_ != nullptr)
      multiply_second(second_->input, x, rows.rows, Source::kInput, state.selection,
                      buffers.second_wx);
    const Matrix<float>& u = state.h.enter(rule_, Source::kRecurrent, h, rows, entered);
    arithmetic_.multiply_recurrent(u.data(), rows.rows, buffers.uh.data());
    if (second_ != nullptr)
      multiply_second(*second_->recurrent, u, rows.rows, Source::kRecurrent, state.selection,
                      buffers.second_uh);
    if (tables_)
      run_cells(PiecewiseNumbers<Numbers>{numbers_, tables_->functions()}, rows, state, buffers, h);
    else
      run_cells(numbers_, rows, state, buffers, h);
  }

 private:
  using Numbers = typename LayerArithmetic::Numbers;
  using Sum = typename Numbers::Sum;
  using CellState = typename Numbers::State;
  using Rule = decltype(std::declval<LayerArithmetic>().rule(std::declval<Technique>().rule()));
  using Selection = decltype(selection_for(std::declval<const Technique&>(),
                                           std::declval<const LayerArithmetic&>(), nullptr,
                                           std::span<const Index>{}, 0, 0));

  struct State final : StepState {
    Matrix<CellState> c;  // [R, H]
    StepOperand<Rule> x, h;
    Selection selection;

    State(Matrix<CellState> cells, StepOperand<Rule> of_x, StepOperand<Rule> of_h, Selection chosen)
        : c(std::move(cells)),
          x(std::move(of_x)),
          h(std::move(of_h)),
          selection(std::move(chosen)) {}
    std::unique_ptr<StepState> gather(std::span<const Index> parents) const override {
      return std::make_unique<State>(gathered_rows(c, parents), x.gathered(parents),
                                     h.gathered(parents), selection.gathered(parents));
    }
  };

  // Of one step.
  struct Buffers {
    Matrix<Sum> wx, uh;  // [R, G H], [R, blocks.of_sums() H]
    Matrix<std::int32_t> second_wx, second_uh;
    Matrix<float> before_after;  // [R, H], what the cells give to a product within the step
    Matrix<Sum> after;
  };

  static const std::int32_t* row_of(const Matrix<std::int32_t>& sums, Index r) {
    return sums.size() == 0 ? nullptr : sums.row(r);
  }

  void multiply_second(const FixedProduct<std::int32_t>& product, const Matrix<float>& operand,
                       Index rows, Source source, const Selection& selection,
                       Matrix<std::int32_t>& sums) const {
    Matrix<float> elements = padded_matrix<float>(rows, operand.cols());
    sums = padded_matrix<std::int32_t>(rows, layer_.gates() * layer_.cells);
    for (Index i = 0; i < rows * operand.cols(); ++i)
      elements.data()[i] = selection.second_element(operand.data()[i], source);
    product(elements.data(), 0, rows, sums.data());
  }

  template <class CellNumbers>
  void run_cells(const CellNumbers& numbers, const StepRows& rows, State& state, Buffers& buffers,
                 Matrix<float>& h) const {
    const bool projects = layer_.form.projection > 0, in_halves = type_.blocks.in_halves();
    if (projects || in_halves) {
      buffers.before_after = padded_matrix<float>(rows.rows, layer_.cells);
      buffers.after = padded_matrix<Sum>(rows.rows, projects ? h.cols() : layer_.cells);
    }
    const auto row = [&](Index r) {
      return RecurrentRow<CellNumbers>{.wx = buffers.wx.row(r),
                                       .uh = buffers.uh.row(r),
                                       .after = in_halves ? buffers.after.row(r) : nullptr,
                                       .x = rows.x.row(r),
                                       .cells = layer_.cells,
                                       .c = state.c.row(r),
                                       .h = projects ? buffers.before_after.row(r) : h.row(r)};
    };
    if constexpr (LayerArithmetic::kHasAfter)
      if (in_halves) {
        for (Index r = 0; r < rows.rows; ++r)
          first_half_row(SerialBlock{}, numbers, type_, row(r), buffers.before_after.row(r));
        arithmetic_.multiply_after(buffers.before_after.data(), rows.rows, buffers.after.data());
      }
    for (Index r = 0; r < rows.rows; ++r) {
      state.selection.before_cell(r, rows.step,
                                  {buffers.wx.row(r), buffers.uh.row(r),
                                   row_of(buffers.second_wx, r), row_of(buffers.second_uh, r)},
                                  state.c.row(r));
      recurrent_cell_row(SerialBlock{}, numbers, type_, row(r));
      state.selection.take_counts(r, *rows.activity[static_cast<std::size_t>(r)]);
    }
    if constexpr (LayerArithmetic::kHasAfter)
      if (projects) {
        arithmetic_.multiply_after(buffers.before_after.data(), rows.rows, buffers.after.data());
        for (Index r = 0; r < rows.rows; ++r)
          for (Index p = 0; p < h.cols(); ++p) h(r, p) = numbers_.projected(buffers.after(r, p), p);
      }
  }

  const RecurrentLayer& layer_;
  const CellType type_;
  const LayerArithmetic arithmetic_;
  const Technique choice_;
  const SecondProducts* const second_;
  const Rule rule_;
  const Numbers numbers_;
  const std::optional<PiecewiseTables> tables_;
};

template <class LayerArithmetic, class Technique>
class LinearStep final : public StepLayer {
 public:
  LinearStep(const LinearLayer& layer, LayerArithmetic arithmetic, const Technique& choice,
             LinearEnd end)
      : layer_(layer),
        arithmetic_(std::move(arithmetic)),
        rule_(arithmetic_.rule(choice.rule())),
        numbers_(arithmetic_.numbers()),
        range_(activation_range(layer.activation)),
        end_(end) {}

  std::unique_ptr<StepState> start(const StepStart& start) const override {
    return std::make_unique<State>(StepOperand<Rule>(start.rows, layer_.inputs));
  }

  void run(const StepRows& rows, StepState& of_rows, Matrix<float>& y) const override {
    Matrix<float> entered;
    const Matrix<float>& x =
        static_cast<State&>(of_rows).x.enter(rule_, Source::kInput, rows.x, rows, entered);
    if constexpr (std::is_same_v<Sum, float>) {
      arithmetic_.multiply_input(x.data(), rows.rows, y.data());
      for (Index r = 0; r < rows.rows; ++r) finish(y.row(r), y.row(r));
    } else {
      Matrix<Sum> sums = padded_matrix<Sum>(rows.rows, layer_.width);
      arithmetic_.multiply_input(x.data(), rows.rows, sums.data());
      for (Index r = 0; r < rows.rows; ++r) finish(sums.row(r), y.row(r));
    }
  }

 private:
  using Numbers = typename LayerArithmetic::Numbers;
  using Sum = typename Numbers::Sum;
  using Rule = decltype(std::declval<LayerArithmetic>().rule(std::declval<Technique>().rule()));

  struct State final : StepState {
    StepOperand<Rule> x;
    explicit State(StepOperand<Rule> of_x) : x(std::move(of_x)) {}
    std::unique_ptr<StepState> gather(std::span<const Index> parents) const override {
      return std::make_unique<State>(x.gathered(parents));
    }
  };

  // sums [O] -> y [O], which may be the same memory. Flat, so that the functions inside its loops
  // vectorise.
  [[gnu::flatten]] void finish(const Sum* sums, float* y) const {
    const Index width = layer_.width;
    const LinearRow<Numbers> row{sums, width, range_, y};
    if (end_ == LinearEnd::kTanh) return tanh_row(SerialBlock{}, numbers_, row);
    if constexpr (!std::is_same_v<Sum, float>)
      if (end_ == LinearEnd::kLogSoftmax) {
        thread_local std::vector<std::int32_t> logits;
        logits.resize(static_cast<std::size_t>(width));
        SerialBlock{}.for_each(
            width, [&, z = logits.data()](Index o) { z[o] = numbers_.input_part(sums[o], o); });
        log_softmax(logits.data(), width, y);
        return;
      }
    linear_row(SerialBlock{}, numbers_, row);
    if (end_ == LinearEnd::kLogSoftmax) log_softmax(y, width);
  }

  const LinearLayer& layer_;
  const LayerArithmetic arithmetic_;
  const Rule rule_;
  const Numbers numbers_;
  const ActivationRange range_;
  const LinearEnd end_;
};

// Which operands an arithmetic runs; check_point refuses the others.
template <class LayerArithmetic, class Technique>
constexpr bool kRuns =
    !std::is_same_v<Technique, DynamicPrecision> || std::is_same_v<LayerArithmetic, EightBitLayer>;
template <class Technique>
constexpr bool kRuns<QuantizedLayer, Technique> = std::is_same_v<Technique, DynamicPrecision>;

template <class LayerArithmetic>
std::unique_ptr<StepLayer> recurrent_step(PackedLayer& packed, const RecurrentLayer& layer,
                                          const LayerPolicy& policy,
                                          std::vector<LayerArithmetic> arithmetics) {
  const std::optional<WeightForm> form = second_form(policy);
  const SecondProducts* second = form ? &packed.in_form(*form)[0] : nullptr;
  return std::visit(
      [&]<class Technique>(const Technique& choice) -> std::unique_ptr<StepLayer> {
        if constexpr (kRuns<LayerArithmetic, Technique>)
          return std::make_unique<RecurrentStep<LayerArithmetic, Technique>>(
              layer, std::move(arithmetics[0]), choice, second, policy.nonlinearity);
        else
          EDGEVAL_ASSERT(!"an operand that check_point lets through");
        return nullptr;
      },
      policy.operand);
}

template <class LayerArithmetic>
std::unique_ptr<StepLayer> linear_step(const LinearLayer& layer, const LayerPolicy& policy,
                                       std::vector<LayerArithmetic> arithmetics, LinearEnd end) {
  return std::visit(
      [&]<class Technique>(const Technique& choice) -> std::unique_ptr<StepLayer> {
        if constexpr (std::is_same_v<Technique, AsIs> || std::is_same_v<Technique, Reuse> ||
                      std::is_same_v<Technique, Delta>)
          return std::make_unique<LinearStep<LayerArithmetic, Technique>>(
              layer, std::move(arithmetics[0]), choice, end);
        else
          EDGEVAL_ASSERT(!"an operand that check_point lets through");
        return nullptr;
      },
      policy.operand);
}

}  // namespace

std::unique_ptr<StepLayer> make_step_layer(PackedLayer& packed, const Layer& layer,
                                           const LayerPolicy& policy, LinearEnd end) {
  const auto* precision = std::get_if<DynamicPrecision>(&policy.operand);
  return std::visit(
      [&]<class Choice>(const Choice& choice) {
        if (const auto* linear = std::get_if<LinearLayer>(&layer))
          return linear_step(*linear, policy, packed.arithmetics(choice), end);
        const auto& cells = std::get<RecurrentLayer>(layer);
        if (std::is_same_v<Choice, Fp32> && precision != nullptr)
          return recurrent_step(packed, cells, policy, packed.arithmetics(*precision));
        return recurrent_step(packed, cells, policy, packed.arithmetics(choice));
      },
      policy.arithmetic);
}

}  // namespace edgeval
