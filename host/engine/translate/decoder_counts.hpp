// The work of a decoder, sentence by sentence: what follows from the shapes and the number of rows,
// whatever ran them.
#pragma once

#include "host/body/linear.hpp"
#include "host/engine/engine.hpp"
#include "host/model/translation.hpp"

namespace edgeval {

// What ends a linear layer of the decoder.
LinearEnd linear_end(const TranslationModel& model, std::size_t layer);

// What one step of a layer belongs to: the bridge runs once a sentence, the mlp's keys once a
// position of the source, attention for every row and position, all else for every row.
enum class StepOf : std::uint8_t { kSentence, kPosition, kRow, kRowAndPosition };

constexpr Index steps(StepOf of, Index positions, Index rows) {
  switch (of) {
    case StepOf::kSentence:
      return 1;
    case StepOf::kPosition:
      return positions;
    case StepOf::kRow:
      return rows;
    case StepOf::kRowAndPosition:
      return rows * positions;
  }
  return 0;
}

class DecoderCounts {
 public:
  // point: of all layers of the network.
  DecoderCounts(std::shared_ptr<const TranslationModel> model, OperatingPoint point)
      : model_(std::move(model)), point_(std::move(point)) {}

  const LayerPolicy& policy(std::size_t layer) const { return point_.layers[layer]; }

  // The work of one sentence before it began: an entry for each of the decoder's layers in the
  // order of the network, then the attention. An engine adds the elements that changed and were
  // zero; `complete` does the rest, once, at the end.
  Activity blank() const;
  // Of the entry of that place in blank().
  StepOf step_of(std::size_t entry) const;
  // keys: [S, K] of the sentence, as attention reads them; rows: those of all its steps.
  void complete(MatrixView<const float> keys, Index rows, Activity& activity) const;

 private:
  std::shared_ptr<const TranslationModel> model_;
  OperatingPoint point_;
};

}  // namespace edgeval
