// Beam search over a batch of sentences, each with its own width at each step, as OpenNMT-py 0.7
// defines it (docs/techniques.md, "Beam"). The live hypotheses of all sentences are the rows of one
// product; those that have ended are rows no more. Per sentence and step, rows r with the sum of
// log-probabilities s(r):
//   candidates (s(r) + lp(r, v), v, r); the best `widest` of them in falling order of score, then
//   by token, then by row the beam says how many of these are kept; kept ones that end in eos are
//   finished, the others live on done when the best one kept has ended and n_best are finished,
//   when all kept have ended, or after `longest` steps
#pragma once

#include "host/engine/translate/decoder.hpp"
#include "host/engine/translate/decoder_engine.hpp"

namespace edgeval {

// One result for each sentence; it does not depend on which sentences share a batch. observer: sees
// the decoder's layers (DecoderRecord).
std::vector<SearchResult> beam_search(const Decoder& decoder, EncodedBatch batch,
                                      const SearchOptions& options,
                                      LayerObserver* observer = nullptr);

}  // namespace edgeval
