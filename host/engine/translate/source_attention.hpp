// Attention of one row over the positions of its own sentence on the CPU, in the arithmetic of what
// follows it, linear_out (docs/formats/translation-model.md, "Attention"). In integers
// (host/numeric/softmax.hpp has the softmax):
//   keys       codes on the grid of linear_out's input, where the context lies, too
//   probe      q or W_in q: codes of the row's own format, finest_row_bits of its greatest
//   magnitude score      sum probe key, exact; of mlp sum v tanh(W_query q + b + W_context h), tanh
//   by the table, exact context    sum weight key / sum weight, exact and rounded once, half away
//   from zero
#pragma once

#include <memory>

#include "host/engine/engine.hpp"
#include "host/model/translation.hpp"

namespace edgeval {

// What attention reads of a batch of sentences.
struct DecoderMemory {
  Ragged<float> keys;  // [S, K] of each sentence: the encoder's outputs, in integers on the grid
  Ragged<std::int32_t> codes;  // [S, K], the integers behind keys; in integers only
  Ragged<float> hidden;        // [S, M], W_context h(s); of mlp attention only
};

class SourceAttention {
 public:
  virtual ~SourceAttention() = default;
  // Makes of the keys of all sentences what this arithmetic reads.
  virtual void remember(DecoderMemory& memory) const = 0;
  // probe: [K], of mlp W_query q + b [M]. Writes context [K]; returns the position, from 0, with
  // the greatest score, of equal ones the first.
  virtual Index attend(const DecoderMemory& memory, Index sentence, const float* probe,
                       float* context) const = 0;
};

// Copies what it needs of the attention.
std::unique_ptr<SourceAttention> make_source_attention(const Attention& attention,
                                                       const Arithmetic& arithmetic);

}  // namespace edgeval
