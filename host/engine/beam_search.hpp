// Beam search over a batch of sentences, each with its own width at each step, as OpenNMT-py 0.7 defines it
// (docs/techniques.md, "Beam"). The live hypotheses of all sentences are the rows of one product; those that have ended
// are rows no more. Per sentence and step, rows r with the sum of log-probabilities s(r):
//   candidates (s(r) + lp(r, v), v, r); the best `widest` of them in falling order of score, then by token, then by row
//   the beam says how many of these are kept; kept ones that end in eos are finished, the others live on
//   done when the best one kept has ended and n_best are finished, when all kept have ended, or after `longest` steps
#pragma once

#include <vector>

#include "host/engine/decoder.hpp"
#include "host/technique/beam.hpp"

namespace edgeval {

enum class LengthPenalty { kNone, kWu, kAverage };
inline constexpr const char* kLengthPenaltyNames[] = {"none", "wu", "avg"};  // in the order of the enum

struct SearchOptions {
  Beam beam = FixedBeam{};
  int longest = 100;   // tokens, eos included
  int shortest = 0;    // tokens before eos is allowed
  int n_best = 1;
  LengthPenalty penalty = LengthPenalty::kNone;  // divides the score: 1; ((5 + t) / 6)^alpha; t. t: tokens with eos
  double alpha = 0;    // of kWu
};

struct Hypothesis {
  std::vector<int> tokens;      // without bos and eos
  std::vector<Index> attended;  // source position of each, from 0
  double score = 0;             // after the penalty
  float log_probability = 0;    // the sum, eos included
  bool ended = false;           // else cut off after `longest` tokens
};

// Work of one sentence.
struct SearchCounts {
  std::uint64_t steps = 0;           // iterations, the last included
  std::uint64_t rows = 0;            // rows that entered them, ended ones of the kept included, as OpenNMT-py runs them
  std::uint64_t rows_live = 0;       // without those
  std::uint64_t beam_width_sum = 0;  // of the widths chosen
  SearchCounts& operator+=(const SearchCounts& other) {
    steps += other.steps, rows += other.rows, rows_live += other.rows_live, beam_width_sum += other.beam_width_sum;
    return *this;
  }
  // Chosen widths over iterations, as P4 has it; 0 without any.
  double average_beam_width() const {
    return steps == 0 ? 0 : static_cast<double>(beam_width_sum) / static_cast<double>(steps);
  }
  bool operator==(const SearchCounts&) const = default;
};

struct SearchResult {
  std::vector<Hypothesis> best;  // at most n_best, falling score
  SearchCounts counts;
  Activity activity;             // of the decoder's layers in the order of the network, then the attention
  std::vector<double> spreads;   // sigma of every step, of the best `widest` candidates
};

// keys: [S, K] of each sentence, the encoder's outputs. One result for each sentence; it does not depend on which
// sentences share a batch. observer: sees the decoder's layers (DecoderRecord).
std::vector<SearchResult> beam_search(const Decoder& decoder, Ragged<float> keys, const EncoderStates& encoder,
                                      const SearchOptions& options, LayerObserver* observer = nullptr);

}  // namespace edgeval
