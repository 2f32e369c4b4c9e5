// Decodes the outputs of a network that was trained with CTC by a prefix beam search without a
// language model (Graves 2012, "Supervised sequence labelling with recurrent neural networks",
// section 7.5; Hannun et al. 2014, arXiv 1408.2873, algorithm 1). Unlike greedy decoding it adds up
// the ways through the frames that give the same text. A frame of an utterance is this:
//   1. A prefix of the beam stays as it is, by a blank or by its last token once more, or is
//      extended by a token. What gives the same text is one candidate, whose probabilities are
//      added. A candidate without any probability is none.
//   2. The candidates are ordered by falling probability, then by token (those that stay come
//      first), then by the rank of the prefix in the frame before, and the best `widest` are taken.
//   3. The beam (host/technique/beam.hpp) says how many of these are kept.
// The answer is the first prefix behind the last frame. Scores are integers
// (host/body/ctc_beam.hpp), so that equal outputs give the same answer on every machine; rounding
// may put a score off by some 2^-19 nats a frame.
#pragma once

#include "host/core/matrix.hpp"
#include "host/technique/beam.hpp"

namespace edgeval {

struct CtcSearch {
  std::vector<int> ids = {};  // the tokens of the best prefix
  double score = 0;           // its log-probability
  std::uint64_t frames = 0;   // of the utterance
  // Sums over the frames: of the prefixes that entered them, and of the widths chosen.
  std::uint64_t rows = 0, beam_width_sum = 0;
  // The first frame with an output that is infinite or not a number, for which there is no search:
  // then the rest is empty. -1: there is none.
  Index overflowed = -1;
  bool operator==(const CtcSearch&) const = default;
};

// outputs: [T, tokens] of an utterance; the blank is among the tokens.
CtcSearch ctc_beam_search(MatrixView<const float> outputs, int blank, const Beam& beam);

}  // namespace edgeval
