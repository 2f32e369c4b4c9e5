// The work of a decoder, sentence by sentence: what follows from the shapes and the number of rows,
// whatever ran them.
#pragma once

#include "host/engine/body/linear.hpp"
#include "host/engine/engine.hpp"
#include "host/model/translation.hpp"

namespace edgeval {

// What ends a linear layer of the decoder.
LinearEnd linear_end(const TranslationModel& model, std::size_t layer);

class DecoderCounts {
 public:
  // Both must outlive it.
  DecoderCounts(const TranslationModel& model, const OperatingPoint& point)
      : model_(model), point_(point) {}

  // The work of one sentence before it began: an entry for each of the decoder's layers in the
  // order of the network, then the attention. An engine adds the elements that changed and were
  // zero; `complete` does the rest, once, at the end.
  Activity blank() const;
  // keys: [S, K] of the sentence, as attention reads them; rows: those of all its steps.
  void complete(MatrixView<const float> keys, Index rows, Activity& activity) const;

 private:
  const LayerPolicy& policy(std::size_t layer) const { return point_.layers[layer]; }

  const TranslationModel& model_;
  const OperatingPoint& point_;
};

}  // namespace edgeval
