// Attention of one row over the positions of its own sentence on the CPU, in the arithmetic of what
// follows it, linear_out (docs/formats/translation-model.md, "Attention"). In integers, where
// host/numeric/softmax.hpp has the softmax:
//   keys     are codes on the grid of linear_out's input, on which the context lies, too;
//   probe    is q or W_in q, in codes of the row's own format (finest_row_bits of its greatest
//            magnitude);
//   score    is the exact sum of probe key; in mlp attention the exact sum of
//            v tanh(W_query q + b + W_context h), whose tanh comes from the table;
//   context  is sum weight key / sum weight, rounded once, half away from zero.
#pragma once

#include <memory>

#include "host/engine/engine.hpp"
#include "host/model/translation.hpp"

namespace edgeval {

// What attention reads of a batch of sentences.
struct DecoderMemory {
  // The encoder's outputs, [S, K] of each sentence; in integer arithmetic on the grid.
  Ragged<float> keys;
  Ragged<std::int32_t> codes;  // [S, K], the codes of the keys; only in integer arithmetic
  Ragged<float> hidden;        // [S, M], W_context h(s); only in mlp attention
};

// Throws Error when attention in this arithmetic cannot take a sentence of so many positions.
void expect_attendable(const Arithmetic& arithmetic, Index positions);

class SourceAttention {
 public:
  virtual ~SourceAttention() = default;
  // Brings the keys of all sentences, which it can attend to, into the form that this arithmetic
  // reads.
  virtual void remember(DecoderMemory& memory) const = 0;
  // Writes context [K] and returns the position, from 0, with the greatest score, the first of
  // equal ones. probe is [K]; in mlp attention it is W_query q + b, [M]. Several threads may call
  // it at once.
  virtual Index attend(const DecoderMemory& memory, Index sentence, const float* probe,
                       float* context) const = 0;
};

// Returns the attention in an arithmetic. It copies the weights that it needs.
std::unique_ptr<SourceAttention> make_source_attention(const Attention& attention,
                                                       const Arithmetic& arithmetic);

}  // namespace edgeval
