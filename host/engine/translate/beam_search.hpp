// Beam search over a batch of sentences, each with its own width at each step, as OpenNMT-py 0.7
// defines it (docs/techniques.md, "Beam"). The live hypotheses of all sentences are the rows of one
// product; a hypothesis that has ended is no longer a row. A step of a sentence is this, where s(r)
// is the sum of log-probabilities of row r and lp(r, v) that of token v after it:
//   1. The candidates (s(r) + lp(r, v), v, r) are ordered by falling score, then by token, then by
//      row, and the best `widest` are taken.
//   2. The beam says how many of these are kept. Kept ones that end in eos are finished, the others
//      live on.
//   3. The sentence is done when the best one kept has ended and n_best are finished, when all kept
//      ones have ended, or after `longest` steps.
#pragma once

#include "host/engine/translate/decoder.hpp"
#include "host/engine/translate/decoder_engine.hpp"

namespace edgeval {

// Returns one result for each sentence; it does not depend on which sentences share a batch. The
// observer sees the decoder's layers (DecoderRecord).
std::vector<SearchResult> beam_search(const Decoder& decoder, EncodedBatch batch,
                                      const SearchOptions& options,
                                      LayerObserver* observer = nullptr);

}  // namespace edgeval
