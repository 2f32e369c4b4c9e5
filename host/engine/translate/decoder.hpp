// A translation model's decoder on the CPU at one operating point. It runs steps of R rows, each a
// hypothesis of some sentence (docs/formats/translation-model.md):
//   embedding -> layers -> attention over the row's own sentence -> generator -> log-probabilities
// Products are made in blocks of a fixed number of rows and the rest is done row by row, so a row's
// result depends on nothing but its own state, token and sentence. Values between layers are
// floats; in integer arithmetic they are multiples of a grid's step.
#pragma once

#include <vector>

#include "host/engine/translate/decoder_counts.hpp"
#include "host/engine/translate/encoder.hpp"
#include "host/engine/translate/source_attention.hpp"
#include "host/engine/translate/step_layer.hpp"
#include "host/model/translation.hpp"

namespace edgeval {

// The state of R rows between two steps. Matrices have padded rows; those beyond R are scratch.
struct DecoderState {
  Index step = 0;                // how many steps the rows have made
  std::vector<Matrix<float>> h;  // [R, width] of each recurrent layer
  Matrix<float> feed;            // a(t - 1), [R, A]
  // The state of each of the decoder's layers, null where a layer takes no steps.
  std::vector<std::unique_ptr<StepState>> layers;

  // Returns the state of the rows `parents`, in this order.
  DecoderState gather(std::span<const Index> parents) const;
};

// Where the decoder records what it did.
struct DecoderRecord {
  std::span<Activity> activity;  // of each sentence: changed and zero elements are added
  // Sees x and y of the decoder's layers, where every row is a lane of one frame; may be null.
  LayerObserver* observer = nullptr;
};

// The weights of a decoder's layers, each packed for an arithmetic when a decoder first needs it.
struct DecoderWeights {
  explicit DecoderWeights(std::shared_ptr<const TranslationModel> of,
                          const EngineOptions& options = {});

  const std::shared_ptr<const TranslationModel> model;
  std::vector<std::shared_ptr<PackedLayer>> layers;  // of each of the decoder's layers
};

class Decoder {
 public:
  // Shares the layers of the weights. The constructor may pack weights, so one thread at a time
  // makes decoders of the same weights; any threads may use them.
  Decoder(DecoderWeights& weights, const OperatingPoint& point);

  const DecoderCounts& counts() const { return counts_; }

  // Returns what attention reads of the sentences. keys: the encoder's outputs, [S, K] of each.
  DecoderMemory remember(Ragged<float> keys, const DecoderRecord& record) const;
  // Returns the state before the first step, a row for each sentence of the memory.
  DecoderState start(const EncoderStates& encoder, const DecoderMemory& memory,
                     const DecoderRecord& record) const;

  struct Row {
    Index sentence;
    int token;  // the token before this step's
  };
  // Takes the state of the rows one step on. Writes log_probabilities [padded rows, V] and attended
  // [R], the source position, from 0, with the greatest weight, the first of equal ones. Throws
  // Error when a row's probabilities are not finite.
  void step(const DecoderMemory& memory, std::span<const Row> rows, DecoderState& state,
            Matrix<float>& log_probabilities, std::vector<Index>& attended,
            const DecoderRecord& record) const;

  const TranslationModel& model() const { return *model_; }

 private:
  class Step;
  // Returns the place, among the decoder's layers, of a layer of the network.
  std::size_t place(std::size_t layer) const { return layer - model_->network.stack().size(); }
  void cross_bridge(const std::vector<Matrix<float>>& finals, std::size_t layer,
                    std::vector<Matrix<float>>& to, const DecoderRecord& record) const;

  const std::shared_ptr<const TranslationModel> model_;
  const DecoderCounts counts_;
  std::vector<std::unique_ptr<StepLayer>> layers_;  // of each of the decoder's layers
  std::unique_ptr<SourceAttention> attention_;
};

}  // namespace edgeval
