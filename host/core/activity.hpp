// Activity says what a run did and did not do, as exact counts. The engines write it, the hardware
// model prices it; they share nothing else. Counts are named after the data flow, never after a
// component of a chip.
//
// A LayerActivity holds the counts of one layer and direction (a linear layer has the direction
// `none`), for one utterance or summed over several.
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
  kLast  // number of counts
};

inline constexpr std::size_t kCounts = static_cast<std::size_t>(Count::kLast);

struct CountInfo {
  // The count's key in report.json and in an accelerator's rules; a dot opens an inner object.
  std::string_view key;
  std::string_view meaning;
};

inline constexpr std::array<CountInfo, kCounts> kCountInfo{{
    {"sequences", "utterances; the weights come from DRAM once for each"},
    {"steps", "all steps of the data: run, skipped and pseudo"},
    {"steps_run", "steps evaluated in full"},
    {"steps_skipped", "steps whose state was copied from the step before"},
    {"steps_pseudo", "steps evaluated as a pseudo-skip"},
    {"inputs", "elements of x, over run and pseudo steps"},
    {"inputs_changed", "elements of x that caused work"},
    {"inputs_zero", "elements of x that are exactly 0"},
    {"recurrent_inputs", "elements of h(t-1), over run and pseudo steps"},
    {"recurrent_inputs_changed", "elements of h(t-1) that caused work"},
    {"recurrent_inputs_zero", "elements of h(t-1) that are exactly 0"},
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
    {"operand_comparisons", "elements or neurons compared to decide whether they cause work"},
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

// The facts about a layer on which its cost depends. A linear layer has one gate and no recurrent
// inputs. A step of an attention is one pair of a row and a source position: one score and one
// share of the context, over inputs = K elements of a key, with one output.
struct LayerShape {
  std::string name;
  std::string direction = "none";  // forward | backward | none
  LayerKind kind = {};
  std::int64_t inputs = 0;     // C, elements of x
  std::int64_t recurrent = 0;  // elements of h(t-1) that enter the products; 0 where U is missing
  std::int64_t outputs = 0;    // H or O: cells, or outputs of a linear layer
  // Rows of the matrices for each output: 4 for an LSTM, 3 for GRU, SRU and QRNN (4 for an SRU with
  // a highway matrix), 1 for a linear layer.
  std::int64_t gates = 1;
  CellForm form = {};
  bool rectified = false;  // whether a (clipped) ReLU follows a linear layer
  // Bits of a bias and of both operands as they enter the products: 32 (fp32), 16 or 8.
  std::int64_t weight_bits = 32;
  // Bits of all weights as they are stored, scales and indices included; 0 stands for weight_bits
  // for each weight.
  std::int64_t compressed_bits = 0;
  // Bits that a technique stores beside the weights; 0 in the dense network.
  std::int64_t added_bits = 0;

  // The number of elements of x that enter the products of a step.
  std::int64_t product_inputs() const { return inputs * form.window; }
  std::int64_t projection_macs() const { return form.projection * outputs; }
  // The MACs that one element of x or h causes: in most layers one for each row of its column of
  // weights. An element of an attention's key enters the score and the context, in mlp attention
  // the context alone.
  std::int64_t macs_of_element() const {
    if (kind.facts().attends) return form.hidden > 0 ? 1 : 2;
    return gates * outputs;
  }
  // The further MACs of a step: those of a projection, and those of an mlp attention's score.
  std::int64_t other_macs() const { return projection_macs() + form.hidden; }
  std::int64_t macs_per_step() const {
    return macs_of_element() * (product_inputs() + recurrent) + other_macs();
  }
  // The MACs of a step that multiply two activations and so fetch no weight.
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

  // The multiply-accumulates executed, over all precisions. Those avoided are macs_dense minus
  // these.
  std::uint64_t macs_executed() const;
};

// One entry per layer and direction, in the order of the model, forward before backward.
struct Activity {
  std::vector<LayerActivity> layers;

  Activity& operator+=(const Activity& other);  // an empty Activity takes the layers of `other`
  bool operator==(const Activity&) const = default;
  std::uint64_t total(Count count) const;
  std::uint64_t macs_executed() const;
};

// Adds the counts that follow from the shape alone (inputs, outputs, MACs, weight words,
// element-wise work) by the closed forms of docs/techniques.md, "Dense counts". It needs the steps,
// the steps run and pseudo-skipped, and the changed inputs; for a memoized layer also its computed
// and memoized neurons, under dynamic precision also the elements of 8 and of 4 bits.
void complete_counts(LayerActivity& layer);

// The counts of the same shape run dense on the same data: every step evaluated, the operand as it
// is, nothing stored beside the weights. Avoided work is measured against them.
LayerActivity dense_counts(const LayerShape& shape, std::uint64_t sequences, std::uint64_t steps);
Activity dense_counts(const Activity& activity);
// Like dense_counts(activity), but with the sequences and steps that `reference` counted, if it is
// not null: a run of the same layers whose search had another beam and so took other steps.
Activity dense_counts(const Activity& activity, const Activity* reference);

}  // namespace edgeval
