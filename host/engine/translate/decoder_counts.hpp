// Counts the work of a decoder for each sentence, as far as it follows from the shapes and the
// number of rows. Both engines use it.
#pragma once

#include "host/body/linear.hpp"
#include "host/engine/engine.hpp"
#include "host/model/translation.hpp"

namespace edgeval {

// Returns what follows the sums and the bias of one of the decoder's linear layers.
LinearEnd linear_end(const TranslationModel& model, std::size_t layer);

// What a layer runs a step for: the bridge for each sentence, the layer that makes W_context h(s)
// of mlp attention for each position of the source, attention for each row and position, and every
// other layer for each row.
enum class StepOf : std::uint8_t { kSentence, kPosition, kRow, kRowAndPosition };

// Returns the number of steps for a sentence of so many source positions, whose search had so many
// rows in all its steps together.
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

// What attention reads of a sentence.
struct KeyCounts {
  Index positions;
  std::uint64_t zeros;  // how many elements of its keys, [S, K] as attention reads them, are 0
  static KeyCounts of(MatrixView<const float> keys);
};

class DecoderCounts {
 public:
  // point: the policies of all layers of the network, the encoder's among them.
  DecoderCounts(std::shared_ptr<const TranslationModel> model, OperatingPoint point)
      : model_(std::move(model)), point_(std::move(point)) {}

  const LayerPolicy& policy(std::size_t layer) const { return point_.layers[layer]; }

  // Returns the activity of a sentence before its first step: an entry for each of the decoder's
  // layers in the order of the network, then the attention. An engine adds the elements that
  // changed or were zero and calls complete once, at the end.
  Activity blank() const;
  // Returns what the layer runs a step for that has this entry in blank().
  StepOf step_of(std::size_t entry) const;
  // Completes the counts of a sentence. rows: how many rows all its steps had together.
  void complete(const KeyCounts& keys, Index rows, Activity& activity) const;

 private:
  std::shared_ptr<const TranslationModel> model_;
  OperatingPoint point_;
};

}  // namespace edgeval
