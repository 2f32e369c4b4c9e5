#include "host/engine/translate/step_layer.hpp"

#include "host/body/linear.hpp"
#include "host/core/error.hpp"
#include "host/engine/sequence/cell_state.hpp"
#include "host/engine/sequence/cell_step.hpp"
#include "host/engine/translate/softmax.hpp"

namespace edgeval {
namespace {

template <class LayerArithmetic, class Technique>
class RecurrentStepLayer final : public StepLayer {
 public:
  // arithmetic and second belong to the packed layer; second is null where there is no second
  // product.
  RecurrentStepLayer(std::shared_ptr<const PackedLayer> packed, LayerArithmetic arithmetic,
                     const Technique& choice, const SecondProducts* second,
                     const Nonlinearity& nonlinearity)
      : packed_(std::move(packed)),
        arithmetic_(std::move(arithmetic)),
        choice_(choice),
        second_(second),
        tables_(piecewise_tables(nonlinearity)),
        functions_(tables_ ? tables_->functions() : PiecewiseFunctions{}),
        cell_step_(layer(), arithmetic_, std::vector{arithmetic_.rule(choice)}, second,
                   tables_ ? &functions_ : nullptr) {}

  std::unique_ptr<StepState> start(const StepStart& start) const override {
    auto state = std::make_unique<State>(cell_step_.start(
        start.rows, selection_for(choice_, layer(), arithmetic_, second_, start.lengths)));
    auto& c = state->rows.c;
    for (Index i = 0; i < c.size(); ++i)
      c.data()[i] = cell_state<typename Numbers::State>(start.cells->data()[i]);
    return state;
  }

  void run(const StepRows& at, StepState& of_rows, Matrix<float>& h) const override {
    typename Cells::Rows& rows = static_cast<State&>(of_rows).rows;
    typename Cells::Product w = cell_step_.input_product(at.rows, !Rule::kIdentity);
    typename Cells::Buffers buffers = cell_step_.buffers(at.rows);
    Matrix<float>& operand = Rule::kIdentity ? at.x : w.operand;
    for (Index r = 0; r < at.rows; ++r)
      cell_step_.enter(Source::kInput, {r, at.step, at.x.row(r), operand.row(r), nullptr}, rows,
                       *at.activity[static_cast<std::size_t>(r)]);
    cell_step_.multiply(Source::kInput, operand, at.rows, w, rows.selection);
    cell_step_.run({at.rows, at.step, w, 0, {}, at.activity}, rows, buffers, h);
    for (Index r = 0; r < at.rows; ++r)
      rows.selection.take_counts(r, *at.activity[static_cast<std::size_t>(r)]);
  }

 private:
  using Numbers = typename LayerArithmetic::Numbers;
  using Rule = decltype(std::declval<LayerArithmetic>().rule(std::declval<Technique>()));
  using Selection = decltype(selection_for(
      std::declval<const Technique&>(), std::declval<const RecurrentLayer&>(),
      std::declval<const LayerArithmetic&>(), nullptr, std::span<const Index>{}));
  using Cells = CellStep<LayerArithmetic, Rule, Selection>;

  struct State final : StepState {
    typename Cells::Rows rows;
    explicit State(typename Cells::Rows of_cells) : rows(std::move(of_cells)) {}
    std::unique_ptr<StepState> gather(std::span<const Index> parents) const override {
      return std::make_unique<State>(rows.gathered(parents));
    }
  };

  const RecurrentLayer& layer() const { return std::get<RecurrentLayer>(packed_->layer()); }

  const std::shared_ptr<const PackedLayer> packed_;  // owns what the other members refer to
  const LayerArithmetic arithmetic_;
  const Technique choice_;
  const SecondProducts* const second_;
  const std::optional<PiecewiseTables> tables_;
  const PiecewiseFunctions functions_;
  const Cells cell_step_;
};

template <class LayerArithmetic, class Technique>
class LinearStep final : public StepLayer {
 public:
  // arithmetic belongs to the packed layer.
  LinearStep(std::shared_ptr<const PackedLayer> packed, LayerArithmetic arithmetic,
             const Technique& choice, LinearEnd end)
      : packed_(std::move(packed)),
        arithmetic_(std::move(arithmetic)),
        rule_(arithmetic_.rule(choice)),
        numbers_(arithmetic_.numbers()),
        range_(activation_range(layer().activation)),
        end_(end) {}

  std::unique_ptr<StepState> start(const StepStart& start) const override {
    return std::make_unique<State>(rule_states<Rule>(start.rows, layer().inputs));
  }

  void run(const StepRows& rows, StepState& of_rows, Matrix<float>& y) const override {
    const Index inputs = layer().inputs;
    Matrix<float> entered;
    if constexpr (!Rule::kIdentity) entered = padded_matrix<float>(rows.rows, inputs);
    Matrix<float>& x = Rule::kIdentity ? rows.x : entered;
    Matrix<typename Rule::State>& state = static_cast<State&>(of_rows).x;
    for (Index r = 0; r < rows.rows; ++r)
      add_counts(*rows.activity[static_cast<std::size_t>(r)], Source::kInput,
                 operand_row(SerialBlock{}, rule_, Source::kInput, rows.x.row(r), inputs,
                             Rule::kIdentity ? nullptr : state.row(r), x.row(r)));
    if constexpr (std::is_same_v<Sum, float>) {
      arithmetic_.multiply_input(x.data(), rows.rows, y.data());
      for (Index r = 0; r < rows.rows; ++r) finish(y.row(r), y.row(r));
    } else {
      Matrix<Sum> sums = padded_matrix<Sum>(rows.rows, layer().width);
      arithmetic_.multiply_input(x.data(), rows.rows, sums.data());
      for (Index r = 0; r < rows.rows; ++r) finish(sums.row(r), y.row(r));
    }
  }

 private:
  using Numbers = typename LayerArithmetic::Numbers;
  using Sum = typename Numbers::Sum;
  using Rule = decltype(std::declval<LayerArithmetic>().rule(std::declval<Technique>()));

  struct State final : StepState {
    Matrix<typename Rule::State> x;  // [R, C]; empty for an identity
    explicit State(Matrix<typename Rule::State> of_x) : x(std::move(of_x)) {}
    std::unique_ptr<StepState> gather(std::span<const Index> parents) const override {
      return std::make_unique<State>(gathered_rows(x, parents));
    }
  };

  // Turns sums [O] into y [O], which may be the same memory. gnu::flatten inlines the functions
  // inside its loops, which then vectorise.
  [[gnu::flatten]] void finish(const Sum* sums, float* y) const {
    const Index width = layer().width;
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

  const LinearLayer& layer() const { return std::get<LinearLayer>(packed_->layer()); }

  const std::shared_ptr<const PackedLayer> packed_;  // owns what the arithmetic refers to
  const LayerArithmetic arithmetic_;
  const Rule rule_;
  const Numbers numbers_;
  const ActivationRange range_;
  const LinearEnd end_;
};

template <class LayerArithmetic>
std::unique_ptr<StepLayer> recurrent_step(const std::shared_ptr<PackedLayer>& packed,
                                          const LayerPolicy& policy,
                                          std::vector<LayerArithmetic> arithmetics) {
  const std::optional<WeightForm> form = second_form(policy);
  const SecondProducts* second = form ? &packed->in_form(*form)[0] : nullptr;
  return std::visit(
      [&]<class Technique>(const Technique& choice) -> std::unique_ptr<StepLayer> {
        if constexpr (kRuns<LayerArithmetic, Technique>)
          return std::make_unique<RecurrentStepLayer<LayerArithmetic, Technique>>(
              packed, std::move(arithmetics[0]), choice, second, policy.nonlinearity);
        else
          EDGEVAL_ASSERT(!"an operand that check_point lets through");
        return nullptr;
      },
      policy.operand);
}

std::unique_ptr<StepLayer> step_of(const RecurrentLayer&,
                                   const std::shared_ptr<PackedLayer>& packed,
                                   const LayerPolicy& policy, LinearEnd) {
  if (const DynamicPrecision* operand = eight_bits_of_floats(policy))
    return recurrent_step(packed, policy, packed->arithmetics(*operand));
  return std::visit(
      [&](const auto& choice) {
        return recurrent_step(packed, policy, packed->arithmetics(choice));
      },
      policy.arithmetic);
}

template <class LayerArithmetic>
std::unique_ptr<StepLayer> linear_step(const std::shared_ptr<PackedLayer>& packed,
                                       const LayerPolicy& policy,
                                       std::vector<LayerArithmetic> arithmetics, LinearEnd end) {
  return std::visit(
      [&]<class Technique>(const Technique& choice) -> std::unique_ptr<StepLayer> {
        if constexpr (refusals_of<Technique>().linear == nullptr)
          return std::make_unique<LinearStep<LayerArithmetic, Technique>>(
              packed, std::move(arithmetics[0]), choice, end);
        else
          EDGEVAL_ASSERT(!"an operand that check_point lets through");
        return nullptr;
      },
      policy.operand);
}

std::unique_ptr<StepLayer> step_of(const LinearLayer&, const std::shared_ptr<PackedLayer>& packed,
                                   const LayerPolicy& policy, LinearEnd end) {
  return std::visit(
      [&](const auto& choice) {
        return linear_step(packed, policy, packed->arithmetics(choice), end);
      },
      policy.arithmetic);
}

}  // namespace

std::unique_ptr<StepLayer> make_step_layer(const std::shared_ptr<PackedLayer>& packed,
                                           const LayerPolicy& policy, LinearEnd end) {
  return std::visit([&](const auto& layer) { return step_of(layer, packed, policy, end); },
                    packed->layer());
}

}  // namespace edgeval
