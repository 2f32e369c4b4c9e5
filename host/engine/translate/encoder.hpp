// The first half of a translation: a model's encoder over embedded sentences on any engine.
#pragma once

#include "host/engine/engine.hpp"
#include "host/model/translation.hpp"

namespace edgeval {

// The final states of the encoder's layers, a row for each sentence: both directions side by side.
struct EncoderStates {
  std::vector<Matrix<float>> h, c;
};

// What a decoder reads of a batch of sentences.
struct EncodedBatch {
  Ragged<float> keys;  // [S, K] of each sentence, the encoder's outputs
  EncoderStates states;
};

struct Encoded : EncodedBatch {
  std::vector<Activity> activity;  // of the encoder's layers, for each sentence
};

// Runs the encoder over the embedded sentences, [S, E_s] of each, under each of the points, whose
// choices for the encoder's layers differ. Points share the layers before the first difference.
std::vector<Encoded> encode(Engine& engine, PreparedBatch& embedded,
                            std::span<const OperatingPoint> points,
                            LayerObserver* observer = nullptr);

// Does the same for one point.
Encoded encode(Engine& engine, const Ragged<float>& embedded, const OperatingPoint& point);

// Returns the sentences [first, last) of a batch.
EncodedBatch slice(const EncodedBatch& batch, Index first, Index last);

}  // namespace edgeval
