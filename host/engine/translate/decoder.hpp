// A translation model's decoder on the CPU at one operating point: one step of R rows, each a
// hypothesis of some sentence (docs/formats/translation-model.md):
//   embedding -> layers -> attention over the row's own sentence -> generator -> log-probabilities
// Products go through blocks of a fixed number of rows, the rest is done row by row, so a row's
// result depends on nothing but its own state, token and sentence. Values between layers are
// floats, in integers multiples of a grid's step.
#pragma once

#include <vector>

#include "host/engine/translate/decoder_counts.hpp"
#include "host/engine/translate/encoder.hpp"
#include "host/engine/translate/source_attention.hpp"
#include "host/engine/translate/step_layer.hpp"
#include "host/model/translation.hpp"

namespace edgeval {

// Of R rows. Rows beyond R are scratch.
struct DecoderState {
  Index step = 0;                // how many the rows have behind them
  std::vector<Matrix<float>> h;  // of each recurrent layer [R, width]
  Matrix<float> feed;            // a(t - 1), [R, A]
  std::vector<std::unique_ptr<StepState>>
      layers;  // of each of the decoder's layers, null where a layer takes no steps

  // Rows `parents`.
  DecoderState gather(std::span<const Index> parents) const;
};

// Where the decoder says what it did.
struct DecoderRecord {
  std::span<Activity> activity;  // of each sentence: elements that entered products are added
  LayerObserver* observer =
      nullptr;  // sees x and y of the decoder's layers, every row a lane of one frame
};

// The weights of a decoder's layers, packed for an arithmetic when a decoder first asks.
struct DecoderWeights {
  explicit DecoderWeights(std::shared_ptr<const TranslationModel> of,
                          const EngineOptions& options = {});

  const std::shared_ptr<const TranslationModel> model;
  std::vector<std::shared_ptr<PackedLayer>> layers;  // of each of the decoder's layers
};

class Decoder {
 public:
  // Made by one thread, used by any. Shares the layers of the weights.
  Decoder(DecoderWeights& weights, const OperatingPoint& point);

  const DecoderCounts& counts() const { return counts_; }

  // keys: [S, K] of each sentence, the encoder's outputs.
  DecoderMemory remember(Ragged<float> keys, const DecoderRecord& record) const;
  // The state before the first step, a row for each sentence of the memory.
  DecoderState start(const EncoderStates& encoder, const DecoderMemory& memory,
                     const DecoderRecord& record) const;

  struct Row {
    Index sentence;
    int token;  // the one before
  };
  // Brings the state of the rows one step on. log_probabilities [padded rows, V]; attended [R]: the
  // source position, from 0, with the greatest weight, of equal ones the first.
  void step(const DecoderMemory& memory, std::span<const Row> rows, DecoderState& state,
            Matrix<float>& log_probabilities, std::vector<Index>& attended,
            const DecoderRecord& record) const;

  const TranslationModel& model() const { return *model_; }

 private:
  class Step;
  // Where a layer of the network stands among the decoder's.
  std::size_t place(std::size_t layer) const { return layer - model_->network.stack().size(); }
  void cross_bridge(const std::vector<Matrix<float>>& finals, std::size_t layer,
                    std::vector<Matrix<float>>& to, const DecoderRecord& record) const;

  const std::shared_ptr<const TranslationModel> model_;
  const DecoderCounts counts_;
  std::vector<std::unique_ptr<StepLayer>> layers_;  // of each of the decoder's layers
  std::unique_ptr<SourceAttention> attention_;
};

}  // namespace edgeval
