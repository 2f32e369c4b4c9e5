// What happens between a layer's products and its cells: nothing, or a choice between two sums for
// each neuron (docs/techniques.md, "Dynamic precision" and "Memoization": a select). A selection
// keeps the state of the lanes of one block:
//   second_element(element, source)   returns what enters the second product for an element that
//                                     enters the first
//   before_cell(n, step, sums, c)     replaces sums of lane n; c [H] is that of the step before
//   add_counts(n, activity)           adds the counts of lane n, at the end
// A decoder, whose lanes are hypotheses that fork and end (step_layer.hpp), calls two more:
//   gathered(parents)                 returns the state of the lanes `parents`, in this order
//   take_counts(n, activity)          adds the counts of lane n, which start from 0 again
// Where kSplits is true, the selection splits the elements itself (pseudo_selection.hpp).
#pragma once

#include "host/body/memo.hpp"
#include "host/body/precision.hpp"
#include "host/engine/product/second_product.hpp"
#include "host/technique/dynamic_precision.hpp"

namespace edgeval {

// The sums of one lane at one step, [G H] each. Those of the second product are null where there
// is none.
template <class Sum>
struct StepSums {
  Sum *wx, *uh;
  const std::int32_t *second_wx, *second_uh;
};

// Every neuron takes the sums of the only products.
template <class LayerArithmetic>
class NoSelection {
 public:
  static constexpr bool kSplits = false;
  using Numbers = typename LayerArithmetic::Numbers;
  float second_element(float element, Source) const { return element; }
  void before_cell(Index, Index, StepSums<typename Numbers::Sum>, const typename Numbers::State*) {}
  void add_counts(Index, LayerActivity&) const {}
  NoSelection gathered(std::span<const Index>) const { return {}; }
  void take_counts(Index, LayerActivity&) {}
};

template <class LayerArithmetic>
class MemoSelection {
 public:
  static constexpr bool kSplits = false;
  using Numbers = typename LayerArithmetic::Numbers;
  using Sum = typename Numbers::Sum;

  // second: products of signs; null for the oracle.
  MemoSelection(const Memoized& choice, const LayerArithmetic& arithmetic,
                const SecondProducts* second, Index lanes, Index gate_rows)
      : rule_(choice.decision()),
        numbers_(arithmetic.numbers()),
        second_(second),
        memo_(lanes, gate_rows),
        memoized_(static_cast<std::size_t>(lanes)) {}

  float second_element(float element, Source) const { return sign_of(element); }
  void before_cell(Index n, Index, StepSums<Sum> sums, const typename Numbers::State*) {
    const auto predicted = [&](Index at) {
      if (second_ == nullptr) return numbers_.product(sums.wx[at], sums.uh[at], at);
      const std::int64_t of_input = sums.second_wx[at] + second_->input.offsets()[at];
      if (!second_->recurrent) return static_cast<double>(of_input);
      return static_cast<double>(of_input + sums.second_uh[at] + second_->recurrent->offsets()[at]);
    };
    const MemoRow<Sum> row{sums.wx, sums.uh, sums.wx, sums.uh, memo_.row(n)};
    memoized_[static_cast<std::size_t>(n)] +=
        static_cast<std::uint64_t>(memo_row(SerialBlock{}, rule_, memo_.cols(), row, predicted));
  }
  void add_counts(Index n, LayerActivity& activity) const {
    activity[Count::kNeuronsMemoized] += memoized_[static_cast<std::size_t>(n)];
  }
  MemoSelection gathered(std::span<const Index> parents) const {
    return MemoSelection(rule_, numbers_, second_, gathered_rows(memo_, parents));
  }
  void take_counts(Index n, LayerActivity& activity) {
    activity[Count::kNeuronsMemoized] += std::exchange(memoized_[static_cast<std::size_t>(n)], 0);
  }

 private:
  MemoSelection(const Memoized::Rule& rule, const Numbers& numbers, const SecondProducts* second,
                Matrix<NeuronMemo<Sum>> memo)
      : rule_(rule),
        numbers_(numbers),
        second_(second),
        memo_(std::move(memo)),
        memoized_(static_cast<std::size_t>(memo_.rows())) {}

  const Memoized::Rule rule_;
  const Numbers numbers_;
  const SecondProducts* const second_;
  Matrix<NeuronMemo<Sum>> memo_;
  std::vector<std::uint64_t> memoized_;
};

// Both products have the same formats but for the factor 16 x 16 of the 4-bit steps, so a neuron's
// low sums replace its high ones after a multiplication by 256.
template <class LayerArithmetic>
class PrecisionSelection {
 public:
  static constexpr bool kSplits = false;
  using Numbers = typename LayerArithmetic::Numbers;

  // second: products in 4 bits. steps: number of executed steps of each lane.
  PrecisionSelection(const DynamicPrecision& choice, const LayerArithmetic& arithmetic,
                     const SecondProducts& second, std::span<const Index> steps, Index cells)
      : choice_(choice),
        arithmetic_(arithmetic),
        second_(second),
        elements_(static_cast<Index>(steps.size()), cells),
        low_(steps.size()) {
    for (Index running : steps) machines_.push_back(choice.machine(running));
  }

  float second_element(float element, Source source) const {
    return static_cast<float>(choice_.low_code(arithmetic_.code(element, source)));
  }
  void before_cell(Index n, Index step, StepSums<std::int32_t> sums,
                   const typename Numbers::State* c) {
    const bool recurrent = second_.recurrent.has_value();
    const auto as_high = [&](std::int32_t sum, Source source, Index at) {
      if (source == Source::kInput)
        return at_eight_bits(sum, second_.input, arithmetic_.products().input, at);
      return at_eight_bits(sum, *second_.recurrent, *arithmetic_.products().recurrent, at);
    };
    const PrecisionRow<typename Numbers::State> row{
        .wx = sums.wx,
        .uh = sums.uh,
        .low_wx = sums.second_wx,
        .low_uh = recurrent ? sums.second_uh : nullptr,
        .chosen_wx = sums.wx,
        .chosen_uh = sums.uh,
        .cells = elements_.cols(),
        .gate_rows = static_cast<Index>(second_.input.offsets().size()),
        .c = c,
        .elements = elements_.row(n)};
    low_[static_cast<std::size_t>(n)] += static_cast<std::uint64_t>(
        precision_row(SerialBlock{}, machines_[static_cast<std::size_t>(n)], step, row, as_high));
  }
  void add_counts(Index n, LayerActivity& activity) const {
    activity[Count::kElementsLow] += low_[static_cast<std::size_t>(n)];
  }
  PrecisionSelection gathered(std::span<const Index> parents) const {
    PrecisionSelection rows(choice_, arithmetic_, second_, {}, elements_.cols());
    rows.elements_ = gathered_rows(elements_, parents);
    for (Index parent : parents)
      rows.machines_.push_back(machines_[static_cast<std::size_t>(parent)]);
    rows.low_.resize(parents.size());
    return rows;
  }
  void take_counts(Index n, LayerActivity& activity) {
    activity[Count::kElementsLow] += std::exchange(low_[static_cast<std::size_t>(n)], 0);
  }

 private:
  using Product = FixedProduct<std::int32_t>;
  static std::int32_t at_eight_bits(std::int32_t low_sum, const Product& low, const Product& high,
                                    Index at) {
    return static_cast<std::int32_t>((low_sum + low.offsets()[at]) * 256 - high.offsets()[at]);
  }

  const DynamicPrecision& choice_;
  const LayerArithmetic& arithmetic_;
  const SecondProducts& second_;
  Matrix<DynamicPrecision::Detector<typename Numbers::State>> elements_;  // [lanes, H]
  std::vector<DynamicPrecision::Rule> machines_;
  std::vector<std::uint64_t> low_;
};

// Returns an operand's selection for the rows of a block. second: null where there is no second
// product. steps: number of executed steps of each row. The selection may keep references to the
// other arguments.
template <class LayerArithmetic, class Technique>
auto selection_for(const Technique&, const RecurrentLayer&, const LayerArithmetic&,
                   const SecondProducts*, std::span<const Index>) {
  static_assert(!selects<Technique>(), "an operand that selects has a selection here");
  return NoSelection<LayerArithmetic>();
}
template <class LayerArithmetic>
auto selection_for(const Memoized& choice, const RecurrentLayer& layer,
                   const LayerArithmetic& arithmetic, const SecondProducts* second,
                   std::span<const Index> steps) {
  return MemoSelection<LayerArithmetic>(
      choice, arithmetic, second, static_cast<Index>(steps.size()), layer.gates() * layer.cells);
}
template <class LayerArithmetic>
auto selection_for(const DynamicPrecision& choice, const RecurrentLayer& layer,
                   const LayerArithmetic& arithmetic, const SecondProducts* second,
                   std::span<const Index> steps) {
  return PrecisionSelection<LayerArithmetic>(choice, arithmetic, *second, steps, layer.cells);
}

// Return which count a selection adds up.
constexpr Count selected_count(const Memoized&) { return Count::kNeuronsMemoized; }
constexpr Count selected_count(const DynamicPrecision&) { return Count::kElementsLow; }

// Whether an arithmetic runs an operand. Under fp32 an operand runs as QuantizedLayer if its
// products are of 8-bit integers, else as FloatLayer.
template <class LayerArithmetic, class Technique>
constexpr bool kRuns = acts_under<Technique, typename LayerArithmetic::Choice>() &&
                       std::is_same_v<LayerArithmetic, QuantizedLayer> ==
                           (std::is_same_v<typename LayerArithmetic::Choice, Fp32> &&
                            eight_bits_of_floats<Technique>());

}  // namespace edgeval
