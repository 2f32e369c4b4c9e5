// A translation model's decoder on the CPU in fp32: one step of R rows, each a hypothesis of some sentence
// (docs/formats.md, "translation model"):
//   embedding -> layers -> attention over the row's own sentence -> generator -> log-probabilities
// Products go through blocks of a fixed number of rows, the rest is done row by row, so a row's result depends on nothing
// but its own state, token and sentence.
#pragma once

#include <vector>

#include "host/engine/dense_product.hpp"
#include "host/engine/engine.hpp"
#include "host/engine/layer_arithmetic.hpp"
#include "host/model/translation.hpp"

namespace edgeval {

// What attention reads of a batch of sentences.
struct DecoderMemory {
  Ragged<float> keys;    // [S, K] of each sentence: the encoder's outputs
  Ragged<float> hidden;  // [S, M], W_context h(s); of mlp attention only
};

// Of R rows. Rows beyond R are scratch.
struct DecoderState {
  std::vector<Matrix<float>> h, c;  // of each layer [R, width], [R, H]
  Matrix<float> feed;               // a(t - 1), [R, A]
};

// The final states of the encoder's layers, a row for each sentence: both directions side by side.
struct EncoderStates {
  std::vector<Matrix<float>> h, c;
};

class Decoder {
 public:
  explicit Decoder(const TranslationModel& model);

  DecoderMemory remember(Ragged<float> keys) const;
  // The work of one sentence before it began: an entry for each of the decoder's layers in the order of the network, then
  // the attention. What follows adds the elements that entered products; `complete` does the rest, once, at the end.
  Activity blank_activity() const;
  // rows: those of all steps of the sentence.
  void complete(const DecoderMemory& memory, Index sentence, Index rows, Activity& activity) const;

  // The state before the first step, a row for each sentence. activity: of each sentence.
  DecoderState start(const EncoderStates& encoder, std::span<Activity> activity) const;
  // Rows `parents` of a state.
  static DecoderState gather(const DecoderState& state, std::span<const Index> parents);

  struct Row {
    Index sentence;
    int token;  // the one before
  };
  // Brings the state of the rows one step on. log_probabilities [padded rows, V]; attended [R]: the source position, from 0,
  // with the greatest weight, of equal ones the first. activity: of each sentence.
  void step(const DecoderMemory& memory, std::span<const Row> rows, DecoderState& state, Matrix<float>& log_probabilities,
            std::vector<Index>& attended, std::span<Activity> activity) const;

  const TranslationModel& model() const { return model_; }

 private:
  // Where the counts of a layer of the network stand in an activity.
  std::size_t place(std::size_t layer) const { return layer - model_.network.stack().size(); }
  // Adds the zeros among what enters a layer's products, row r of x being that of rows[r].
  void count_zeros(std::size_t layer, Source source, const Matrix<float>& x, std::span<const Row> rows,
                   std::span<Activity> activity) const;
  void run_layer(std::size_t l, const Matrix<float>& x, Index rows, DecoderState& state) const;
  Index attend(const DecoderMemory& memory, Index sentence, const float* query, const float* probe, float* context) const;

  const TranslationModel& model_;
  std::vector<std::vector<CellConstants>> constants_;  // of each layer
  std::vector<LayerProducts<DenseProduct>> layers_;
  std::optional<DenseProduct> probe_;    // linear_in, or mlp's query
  std::optional<DenseProduct> context_;  // of mlp
  DenseProduct linear_out_, generator_;
};

// Runs the encoder over embedded sentences [S, E_s] and keeps what the decoder needs of it.
struct Encoded {
  DecoderMemory memory;
  EncoderStates states;
  std::vector<Activity> activity;  // of each sentence
};
Encoded encode(const Decoder& decoder, Engine& engine, const Ragged<float>& embedded, const OperatingPoint& point);

}  // namespace edgeval
