// Activity: what a run did and did not do, as exact counts. The engines write it, the hardware
// model prices it; they share nothing else. Counts are named after the data flow, never after a
// component of a chip.
//
// One LayerActivity belongs to one layer and direction (linear layers: direction `none`), of one
// utterance or summed.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "host/core/cell.hpp"

namespace edgeval {

enum class Count : std::uint8_t {
  kSequences,
  kSteps,
  kStepsRun,
  kStepsSkipped,
  kStepsPseudo,
  kInputs,
  kInputsChanged,
  kInputsZero,
  kRecurrentInputs,
  kRecurrentInputsChanged,
  kRecurrentInputsZero,
  kOutputs,
  kMacsDense,
  kMacsFp32,
  kMacs16x16,
  kMacs8x8,
  kMacs4x4,
  kWeightWords32,
  kWeightWords16,
  kWeightWords8,
  kWeightWords5,
  kWeightWords4,
  kWeightWords1,
  kElementwiseMultiplications,
  kElementwiseAdditions,
  kNonlinearities,
  kNonlinearityReads,
  kNonlinearityComparisons,
  kScoreComparisons,
  kScoreQuantizations,
  kOperandComparisons,
  kOperandQuantizations,
  kOperandSubtractions,
  kNeuronsComputed,
  kNeuronsMemoized,
  kBinaryProducts,
  kElementsHigh,
  kElementsLow,
  kCandidateComparisons,
  kLast  // how many there are
};

inline constexpr std::size_t kCounts = static_cast<std::size_t>(Count::kLast);

struct CountInfo {
  std::string_view
      key;  // in report.json and in an accelerator's rules; a dot opens an inner object
  std::string_view meaning;
};

inline constexpr std::array<CountInfo, kCounts> kCountInfo{{
    {"sequences", "utterances; the weights come from DRAM once for each"},
    {"steps", "all steps of the data: run, skipped and pseudo"},
    {"steps_run", "steps evaluated in full"},
    {"steps_skipped", "steps whose state was copied from the step before"},
    {"steps_pseudo", "steps evaluated as a pseudo-skip"},
    {"inputs", "elements of x, over run and pseudo steps"},
    {"inputs_changed", "of these, elements that caused work"},
    {"inputs_zero", "of these, elements exactly 0"},
    {"recurrent_inputs", "elements of h(t-1), over run and pseudo steps"},
    {"recurrent_inputs_changed", "of these, elements that caused work"},
    {"recurrent_inputs_zero", "of these, elements exactly 0"},
    {"outputs", "elements of the layer's output computed, over run and pseudo steps"},
    {"macs_dense", "multiply-accumulates of the dense layer over all steps"},
    {"macs.fp32", "multiply-accumulates executed in fp32"},
    {"macs.16x16", "multiply-accumulates of 16-bit weights and activations"},
    {"macs.8x8", "multiply-accumulates of 8-bit weights and activations"},
    {"macs.4x4", "multiply-accumulates of 4-bit weights and activations"},
    {"weight_words.32", "32-bit weight words fetched by a batch-1 chip, one per MAC"},
    {"weight_words.16", "16-bit weight words fetched, one per MAC"},
    {"weight_words.8", "8-bit weight words fetched, one per MAC"},
    {"weight_words.5", "4-bit weight words and their offset bits fetched, one per MAC"},
    {"weight_words.4", "4-bit weight words fetched, one per MAC"},
    {"weight_words.1", "sign bits fetched by the memo's predictor, one per binary product"},
    {"elementwise_multiplications", "multiplications outside the matrix products"},
    {"elementwise_additions", "additions outside the matrix products, biases included"},
    {"nonlinearities", "exact sigmoids, tanhs and exps, and rectifiers"},
    {"nonlinearity_reads", "entries read from the tables of approximate sigmoids and tanhs"},
    {"nonlinearity_comparisons",
     "comparisons that find the piece of an approximate sigmoid or tanh"},
    {"score_comparisons", "elements compared by the skip plan's similarity score"},
    {"score_quantizations", "elements brought into the score's fixed-point format"},
    {"operand_comparisons", "elements compared to decide whether they changed"},
    {"operand_quantizations", "elements quantized to a centroid"},
    {"operand_subtractions", "differences formed by the operand"},
    {"neurons_computed", "neurons of a memoized layer whose dot product was evaluated"},
    {"neurons_memoized", "neurons of a memoized layer whose dot product was remembered"},
    {"binary_products", "products of two signs made by the memo's predictor"},
    {"elements_high", "cell elements evaluated with 8 bits under dynamic precision"},
    {"elements_low", "cell elements evaluated with 4 bits under dynamic precision"},
    {"candidate_comparisons", "candidates of a beam search compared with the best so far"},
}};

constexpr const CountInfo& info(Count count) { return kCountInfo[static_cast<std::size_t>(count)]; }

// What a layer is, as far as its cost goes. For a linear layer recurrent = 0 and gates = 1. A step
// of an attention is one pair of a row and a source position: a score and a share of the context
// over inputs = K elements, one output.
struct LayerShape {
  std::string name;
  std::string direction = "none";  // forward | backward | none
  LayerKind kind = {};
  std::int64_t inputs = 0;     // C, elements of x
  std::int64_t recurrent = 0;  // elements of h(t-1) that enter the products; 0 where U is missing
  std::int64_t outputs = 0;    // H or O: cells, or elements of a linear layer's output
  std::int64_t gates = 1;  // matrix rows per output: LSTM 4, GRU, SRU, QRNN 3 (SRU with a highway
                           // matrix 4), linear 1
  CellForm form = {};
  bool rectified = false;  // a linear layer followed by (clipped) ReLU
  std::int64_t weight_bits =
      32;  // of a bias, and of both operands as they enter the products: 32 (fp32), 16, 8
  std::int64_t compressed_bits =
      0;  // of all weights as stored, scales and indices included; 0: weight_bits for each
  std::int64_t added_bits = 0;  // that a technique stores beside them; the dense network has none

  // Elements of x that enter the products of a step.
  std::int64_t product_inputs() const { return inputs * form.window; }
  std::int64_t projection_macs() const { return form.projection * outputs; }
  // MACs that an element of x or h enters: a column of weights; of an attention's key the score,
  // but for mlp, and the context.
  std::int64_t macs_of_element() const {
    if (kind.facts().attends) return form.hidden > 0 ? 1 : 2;
    return gates * outputs;
  }
  // MACs that a step makes beside: a projection's, and those of mlp's score.
  std::int64_t other_macs() const { return projection_macs() + form.hidden; }
  std::int64_t macs_per_step() const {
    return macs_of_element() * (product_inputs() + recurrent) + other_macs();
  }
  // Of these, products of two activations, which fetch no weight.
  std::int64_t unweighted_macs() const {
    return kind.facts().attends ? macs_per_step() - form.hidden : 0;
  }
  CellWork work() const { return kind.facts().work(form); }
  std::int64_t weights() const {
    return macs_per_step() - unweighted_macs() + work().diagonals * outputs;
  }
  std::int64_t biases() const { return work().biases * outputs; }
  std::int64_t stored_bits() const {
    return (compressed_bits > 0 ? compressed_bits : weights() * weight_bits) + added_bits;
  }
  bool operator==(const LayerShape&) const = default;
};

struct LayerActivity {
  LayerShape shape;
  std::array<std::uint64_t, kCounts> counts{};

  std::uint64_t& operator[](Count count) { return counts[static_cast<std::size_t>(count)]; }
  std::uint64_t operator[](Count count) const { return counts[static_cast<std::size_t>(count)]; }
  LayerActivity& operator+=(const LayerActivity& other);
  bool operator==(const LayerActivity&) const = default;

  // Executed multiply-accumulates over all precisions; avoided = macs_dense - executed.
  std::uint64_t macs_executed() const;
};

// One entry per layer and direction, in the order of the model, forward before backward.
struct Activity {
  std::vector<LayerActivity> layers;

  Activity& operator+=(const Activity& other);  // an empty one takes the other's layers
  bool operator==(const Activity&) const = default;
  std::uint64_t total(Count count) const;
  std::uint64_t macs_executed() const;
};

// Adds what follows from the shape alone once steps, steps_run, steps_pseudo and the changed inputs
// are known (of a memoized layer also its neurons, under dynamic precision its elements of 8 and 4
// bits): inputs, outputs, macs, weight words and element-wise work (the closed forms of
// docs/techniques.md, "dense counts").
void complete_counts(LayerActivity& layer);

// The same shape run dense (every step, operand as is, nothing stored beside the weights) on the
// same data: what avoided work is measured against.
LayerActivity dense_counts(const LayerShape& shape, std::uint64_t sequences, std::uint64_t steps);
Activity dense_counts(const Activity& activity);
// Likewise, of the steps that `reference` took, a run of the same layers: a search with another
// beam takes others.
Activity dense_counts(const Activity& activity, const Activity* reference);

}  // namespace edgeval
